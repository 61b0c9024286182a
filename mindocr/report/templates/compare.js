"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const images = JSON.parse(byId("data").textContent);
  const views = [...document.querySelectorAll(".view")], SVG = views[0].namespaceURI, rows = document.querySelector("#images tbody");
  let sorting = { key: "change", up: true }, listed = [], current = -1, box = [0, 0, 1, 1];

  images.forEach((image, at) => {
    Object.assign(image, { at, first: image.f[0], second: image.f[1], change: image.f[1] - image.f[0] });
    // a text that one side finds and the other does not
    image.differs = image.truth.map((_, i) => image.states[0][i] !== image.states[1][i]);
  });

  function make(name, attributes, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }

  const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;

  function compare(a, b) {
    const { key, up } = sorting;
    const order = key === "name" ? a.name.localeCompare(b.name, undefined, { numeric: true }) : a[key] - b[key];
    return (up ? order : -order) || a.at - b.at;
  }

  function fillList() {
    const wanted = byId("search").value.toLowerCase(), which = byId("which").value;
    listed = images.filter((image) => image.name.toLowerCase().includes(wanted) &&
      (!which || (which === "better" ? image.change > 0 : image.change < 0))).sort(compare);
    rows.replaceChildren(...listed.map((image) => {
      const change = make("td", { class: `number ${image.change > 0 ? "up" : image.change < 0 ? "down" : ""}` }, signed(image.change));
      const scores = image.f.map((value) => make("td", { class: "number" }, value.toFixed(3)));
      return make("tr", { tabindex: "0", "data-at": image.at }, make("td", {}, image.name), ...scores, change);
    }));
    byId("shown").textContent = `${listed.length} of ${images.length}`;
    for (const head of document.querySelectorAll("#images th")) {
      const mine = head.firstElementChild.dataset.key === sorting.key;
      head.setAttribute("aria-sort", mine ? (sorting.up ? "ascending" : "descending") : "none");
    }
    markRow();
  }

  function markRow() {
    for (const row of rows.querySelectorAll("[aria-current]")) row.removeAttribute("aria-current");
    const row = rows.querySelector(`[data-at="${current}"]`);
    if (row) row.setAttribute("aria-current", "true");
    return row;
  }

  function open(at) {
    current = at;
    const image = images[at], [width, height] = image.size;
    byId("title").textContent = `${image.name}: f-score ${signed(image.change)}`;
    views.forEach((view, side) => {
      byId(`caption-${side}`).textContent = `${side ? "second" : "first"}: f-score ${image.f[side].toFixed(3)}, ` +
        `${image.misses[side]} missed, ${image.alarms[side]} false positives`;
      const picture = view.querySelector("image");
      picture.setAttribute("width", width);
      picture.setAttribute("height", height);
      if (image.picture) picture.setAttribute("href", byId(`picture-${at}`).textContent);
      else picture.removeAttribute("href");
      view.style.aspectRatio = `${width} / ${height}`;
      view.querySelector("g").replaceChildren(...shapesOf(image, side));
    });
    const changed = image.truth.flatMap((_, i) => (image.differs[i] ? [i] : []));
    byId("findings").replaceChildren(...changed.map((i) => {
      const names = { h: "matched", w: "missed", a: "not counted" };
      const text = `text ${i}: ${names[image.states[0][i]]} in the first, ${names[image.states[1][i]]} in the second`;
      return make("li", {}, make("button", { type: "button", "data-at": i }, text));
    }));
    if (!changed.length) byId("findings").append(make("li", { class: "faint" }, "Both find the same texts."));
    zoomTo([0, 0, width, height]);
    markRow();
  }

  function shapesOf(image, side) {
    const texts = { h: "hit", w: "miss", a: "aside" }, found = { h: "found", w: "alarm", a: "aside" };
    const { at, states } = image.found[side];
    return [
      ...image.truth.flatMap((points, i) => shape(points, image.differs[i] ? `${texts[image.states[side][i]]} lost` : texts[image.states[side][i]], i)),
      ...at.flatMap((points, i) => shape(points, found[states[i]])),
    ];
  }

  function shape(points, kind, at) {
    return ["rim", `line ${kind}`].map((name) => {
      const polygon = document.createElementNS(SVG, "polygon");
      polygon.setAttribute("points", points.join(" "));
      polygon.setAttribute("class", name);
      if (at !== undefined) polygon.dataset.text = at;
      return polygon;
    });
  }

  // --- zoom, the same for both

  function zoomTo([x, y, wide]) {
    const [width, height] = images[current].size;
    const across = Math.min(Math.max(wide, width / 40), width), high = across * height / width;
    box = [Math.min(Math.max(x, 0), width - across), Math.min(Math.max(y, 0), height - high), across, high];
    for (const view of views) view.setAttribute("viewBox", box.map((value) => value.toFixed(2)).join(" "));
  }

  function zoomBy(factor) {
    zoomTo([box[0] + box[2] * (1 - factor) / 2, box[1] + box[3] * (1 - factor) / 2, box[2] * factor]);
  }

  function zoomAround(points) {
    const [width, height] = images[current].size;
    const xs = points.filter((_, i) => i % 2 === 0), ys = points.filter((_, i) => i % 2 === 1);
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const wide = Math.max((right - left) * 3, (bottom - top) * 3 * width / height, width / 8);
    zoomTo([(left + right - wide) / 2, (top + bottom) / 2 - wide * height / width / 2, wide]);
  }

  function walk(by) {
    const next = listed.findIndex((image) => image.at === current) + by;
    if (!listed[next]) return;
    open(listed[next].at);
    const row = markRow(), frame = row.closest(".rows"), head = frame.querySelector("thead").offsetHeight;
    if (row.offsetTop < frame.scrollTop + head) frame.scrollTop = row.offsetTop - head;
    else if (row.offsetTop + row.offsetHeight > frame.scrollTop + frame.clientHeight) {
      frame.scrollTop = row.offsetTop + row.offsetHeight - frame.clientHeight;
    }
  }

  function choose(at) {
    open(at);
    if (matchMedia("(max-width: 56rem)").matches) byId("viewer").scrollIntoView();
  }

  rows.addEventListener("click", (event) => choose(Number(event.target.closest("tr").dataset.at)));
  rows.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(Number(event.target.dataset.at)); });
  byId("search").addEventListener("input", fillList);
  byId("which").addEventListener("change", () => {
    sorting = { key: "change", up: byId("which").value !== "better" };
    fillList();
    if (listed.length) open(listed[0].at);
  });
  document.querySelector("#images thead").addEventListener("click", (event) => {
    const key = event.target.dataset.key;
    if (!key) return;
    sorting = { key, up: sorting.key === key ? !sorting.up : true };
    fillList();
  });
  byId("findings").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    for (const node of document.querySelectorAll(".marked, #findings [aria-current]")) {
      node.classList.remove("marked");
      node.removeAttribute("aria-current");
    }
    button.setAttribute("aria-current", "true");
    for (const node of document.querySelectorAll(`.line[data-text="${button.dataset.at}"]`)) node.classList.add("marked");
    zoomAround(images[current].truth[button.dataset.at]);
  });
  byId("before").addEventListener("click", () => walk(-1));
  byId("after").addEventListener("click", () => walk(1));
  byId("closer").addEventListener("click", () => zoomBy(0.67));
  byId("farther").addEventListener("click", () => zoomBy(1.5));
  byId("whole").addEventListener("click", () => zoomTo([0, 0, images[current].size[0]]));
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select") || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowLeft") walk(-1);
    if (event.key === "ArrowRight") walk(1);
  });

  fillList();
  if (listed.length) open(listed[0].at);
})();
