"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const SVG = byId("view").namespaceURI;
  const images = JSON.parse(byId("data").textContent);
  // name, label of the check box, whether it is checked at first; in drawing order, the last one on top
  const LAYERS = [
    ["picture", "image", true], ["probability", "probability", false], ["threshold", "threshold", false],
    ["truth-aside", "do-not-care", true], ["found-aside", "set aside", true], ["weak", "below threshold", false],
    ["truth-hit", "matched text", true], ["found-hit", "matched detection", true],
    ["truth-miss", "missed text", true], ["found-alarm", "false positive", true],
  ];
  const MAPS = { probability: "linear-gradient(90deg,#300,#f60,#ff0)", threshold: "linear-gradient(90deg,#014,#08f,#6ff)" };
  const shownLayers = new Map(LAYERS.map(([name, , on]) => [name, on]));
  const view = byId("view"), outlines = byId("outlines"), rows = document.querySelector("#images tbody");
  let sorting = { key: "f", up: true }, tag = "", listed = [], current = -1, box = [0, 0, 1, 1];

  images.forEach((image, i) => {
    image.at = i;
    image.wrong = [...wrongOf(image, "truth"), ...wrongOf(image, "found")];
    image.misses = image.truth.filter((one) => one.state === "miss").length;
    image.alarms = image.found.filter((one) => one.state === "alarm").length;
  });

  function wrongOf(image, side) {
    return image[side].flatMap((one, at) => (one.tag ? [{ ...one, side, at, layer: `${side}-${one.state}` }] : []));
  }

  function make(name, attributes, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }

  // --- the list of images

  function compare(a, b) {
    const { key, up } = sorting;
    const order = key === "name" ? a.name.localeCompare(b.name, undefined, { numeric: true }) : a[key] - b[key];
    return (up ? order : -order) || b.misses + b.alarms - a.misses - a.alarms || a.at - b.at;
  }

  function fillList() {
    const wanted = byId("search").value.toLowerCase();
    listed = images.filter((image) => image.name.toLowerCase().includes(wanted) &&
      (!tag || image.wrong.some((one) => one.tag === tag))).sort(compare);
    rows.replaceChildren(...listed.map(rowOf));
    byId("shown").textContent = tag ? `${listed.length} of ${images.length}: ${tag}` : `${listed.length} of ${images.length}`;
    byId("all").hidden = !tag;
    for (const button of document.querySelectorAll("button.tag")) button.setAttribute("aria-pressed", button.dataset.tag === tag);
    for (const head of document.querySelectorAll("#images th")) {
      const mine = head.firstElementChild.dataset.key === sorting.key;
      head.setAttribute("aria-sort", mine ? (sorting.up ? "ascending" : "descending") : "none");
    }
    markRow();
  }

  function rowOf(image) {
    const cells = [image.f.toFixed(3), image.misses, image.alarms].map((value) => make("td", { class: "number" }, String(value)));
    return make("tr", { tabindex: "0", "data-at": image.at }, make("td", {}, image.name), ...cells);
  }

  function markRow() {
    for (const row of rows.querySelectorAll("[aria-current]")) row.removeAttribute("aria-current");
    const row = rows.querySelector(`[data-at="${current}"]`);
    if (row) row.setAttribute("aria-current", "true");
    return row;
  }

  function choose(at, bring) {
    open(at);
    if (bring && matchMedia("(max-width: 56rem)").matches) byId("viewer").scrollIntoView();
  }

  function step(by) {
    const next = listed.findIndex((image) => image.at === current) + by;
    if (!listed[next]) return;
    open(listed[next].at);
    const row = markRow(), frame = row.closest(".rows"), head = frame.querySelector("thead").offsetHeight;
    if (row.offsetTop < frame.scrollTop + head) frame.scrollTop = row.offsetTop - head;
    else if (row.offsetTop + row.offsetHeight > frame.scrollTop + frame.clientHeight) {
      frame.scrollTop = row.offsetTop + row.offsetHeight - frame.clientHeight;
    }
  }

  // --- one image

  function open(at) {
    current = at;
    const image = images[at], [width, height] = image.size;
    byId("title").textContent = `${image.name}: f-score ${image.f.toFixed(3)}, recall ${image.r.toFixed(3)}, precision ${image.p.toFixed(3)}`;
    for (const name of ["picture", "probability", "threshold"]) {
      const node = byId(name);
      node.setAttribute("width", width);
      node.setAttribute("height", height);
      node.removeAttribute("href");
    }
    view.style.aspectRatio = `${width} / ${height}`;
    zoomTo([0, 0, width, height]);
    outlines.replaceChildren(...LAYERS.slice(3).map(([name]) => layerOf(image, name)));
    byId("missing").hidden = image.pics.includes("picture");
    byId("findings").replaceChildren(...image.wrong.map(findingOf));
    byId("details").textContent = image.wrong.length ? "" : "No missed text, no false positive.";
    fillToggles(image);
    showLayers();
    markRow();
  }

  function layerOf(image, name) {
    const group = document.createElementNS(SVG, "g");
    group.dataset.layer = name;
    const [side, state] = name.split("-");
    image[side].forEach((one, at) => {
      if (state && one.state !== state) return;
      const shape = document.createElementNS(SVG, "g");
      shape.dataset.side = side;
      shape.dataset.at = at;
      for (const kind of ["rim", `line ${name}`]) {
        const path = document.createElementNS(SVG, "polygon");
        path.setAttribute("points", one.at.join(" "));
        path.setAttribute("class", kind);
        shape.append(path);
      }
      group.append(shape);
    });
    return group;
  }

  function countOf(image, name) {
    const [side, state] = name.split("-");
    return state ? image[side].filter((one) => one.state === state).length : image[side].length;
  }

  function fillToggles(image) {
    byId("toggles").replaceChildren(...LAYERS.flatMap(([name, text], i) => {
      const drawing = i < 3;
      if (drawing ? !images.some((each) => each.pics.includes(name)) : name === "weak" && !images.some((each) => each.weak.length)) return [];
      const there = drawing ? image.pics.includes(name) : countOf(image, name);
      const box = make("input", { type: "checkbox", "data-layer": name });
      box.checked = shownLayers.get(name);
      const label = make("label", { class: there ? "" : "off" }, box);
      if (name !== "picture") {
        const swatch = document.createElementNS(SVG, "svg");
        swatch.setAttribute("class", "swatch");
        swatch.innerHTML = `<line x1="0" x2="100%" y1="50%" y2="50%" class="${name}" stroke-width="5"/>`;
        if (MAPS[name]) swatch.style.background = MAPS[name];
        label.append(swatch);
      }
      label.append(drawing ? text : `${text} ${there}`);
      return [label];
    }));
    byId("strength").hidden = !images.some((each) => each.pics.includes("probability"));
  }

  function showLayers() {
    const image = images[current];
    for (const [name, on] of shownLayers) {
      const node = byId(name) || outlines.querySelector(`[data-layer="${name}"]`);
      node.style.display = on ? "" : "none";
      // decoded only now: hundreds of pictures stay encoded until they are shown
      if (on && image.pics.includes(name) && !node.getAttribute("href")) node.setAttribute("href", byId(`${name}-${current}`).textContent);
    }
  }

  function findingOf(one) {
    const swatch = document.createElementNS(SVG, "svg");
    swatch.setAttribute("class", "swatch");
    swatch.innerHTML = `<line x1="0" x2="100%" y1="50%" y2="50%" class="${one.layer}" stroke-width="10"/>`;
    const kind = one.side === "truth" ? "missed text" : "false positive";
    const text = make("span", {}, `${kind}, `, make("b", {}, one.tag), `: ${one.why}`);
    return make("li", {}, make("button", { type: "button", "data-side": one.side, "data-at": one.at, class: one.tag === tag ? "same" : "" }, swatch, text));
  }

  function describe(side, at, near) {
    const one = images[current][side][at], score = one.score === undefined ? "" : `, score ${one.score.toFixed(3)}`;
    const states = { truth: { hit: "matched text", miss: "missed text", aside: "do-not-care region" },
      found: { hit: "matched detection", alarm: "false positive", aside: "detection, set aside" } };
    const state = states[side] ? states[side][one.state] : "region below the threshold";
    byId("details").textContent = `${state}${score}${one.tag ? `. ${one.tag}: ${one.why}` : ""}`;
    for (const shape of outlines.querySelectorAll(".chosen")) shape.classList.remove("chosen");
    const shape = outlines.querySelector(`[data-side="${side}"][data-at="${at}"]`);
    if (shape) shape.classList.add("chosen");
    if (near) zoomAround(one.at);
  }

  // --- zoom

  function zoomTo(to) {
    const [width, height] = images[current].size;
    const wide = Math.min(Math.max(to[2], width / 40), width), high = wide * height / width;
    const middle = [to[0] + to[2] / 2, to[1] + to[3] / 2];
    box = [Math.min(Math.max(middle[0] - wide / 2, 0), width - wide), Math.min(Math.max(middle[1] - high / 2, 0), height - high), wide, high];
    view.setAttribute("viewBox", box.map((value) => value.toFixed(2)).join(" "));
    view.classList.toggle("zoomed", wide < width - 0.5);
  }

  function zoomAround(points) {
    const [width, height] = images[current].size;
    const xs = points.filter((_, i) => i % 2 === 0), ys = points.filter((_, i) => i % 2 === 1);
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const wide = Math.max((right - left) * 3, (bottom - top) * 3 * width / height, width / 8);
    zoomTo([(left + right - wide) / 2, (top + bottom) / 2 - wide * height / width / 2, wide, wide * height / width]);
  }

  function zoomBy(factor, x = box[0] + box[2] / 2, y = box[1] + box[3] / 2) {
    zoomTo([x - (x - box[0]) * factor, y - (y - box[1]) * factor, box[2] * factor, box[3] * factor]);
  }

  function toImage(event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(view.getScreenCTM().inverse());
    return [point.x, point.y];
  }

  const fingers = new Map();
  let dragged = false;
  view.addEventListener("pointerdown", (event) => { fingers.set(event.pointerId, event); dragged = false; });
  view.addEventListener("pointermove", (event) => {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    const others = [...fingers.values()].filter((one) => one.pointerId !== event.pointerId);
    if (others.length) {
      const span = (one) => Math.hypot(one.clientX - others[0].clientX, one.clientY - others[0].clientY);
      zoomBy(span(last) / Math.max(span(event), 1), ...toImage(event));
    } else if (view.classList.contains("zoomed")) {
      const [x, y] = toImage(event), [lastX, lastY] = toImage(last);
      zoomTo([box[0] + lastX - x, box[1] + lastY - y, box[2], box[3]]);
    }
    dragged ||= Math.hypot(event.clientX - last.clientX, event.clientY - last.clientY) > 3;
    fingers.set(event.pointerId, event);
  });
  for (const end of ["pointerup", "pointercancel", "pointerleave"]) view.addEventListener(end, (event) => fingers.delete(event.pointerId));
  view.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !view.classList.contains("zoomed")) return; // the page scrolls as usual
    event.preventDefault();
    zoomBy(event.deltaY > 0 ? 1.25 : 0.8, ...toImage(event));
  }, { passive: false });
  view.addEventListener("click", (event) => {
    const shape = event.target.closest("[data-side]");
    if (shape && !dragged) describe(shape.dataset.side, Number(shape.dataset.at), false);
  });

  // --- controls

  rows.addEventListener("click", (event) => choose(Number(event.target.closest("tr").dataset.at), true));
  rows.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(Number(event.target.dataset.at), true); });
  byId("search").addEventListener("input", fillList);
  byId("all").addEventListener("click", () => { tag = ""; fillList(); open(current); });
  document.querySelector("#images thead").addEventListener("click", (event) => {
    const key = event.target.dataset.key;
    if (!key) return;
    // the first click shows the worst images: low scores, many errors
    sorting = { key, up: sorting.key === key ? !sorting.up : key === "name" || key === "f" };
    fillList();
  });
  for (const button of document.querySelectorAll("button.tag")) {
    button.addEventListener("click", () => {
      tag = tag === button.dataset.tag ? "" : button.dataset.tag;
      fillList();
      if (listed.length) open(listed[0].at);
      if (tag) document.querySelector(".browser").scrollIntoView();
    });
  }
  byId("toggles").addEventListener("change", (event) => {
    shownLayers.set(event.target.dataset.layer, event.target.checked);
    showLayers();
  });
  byId("strength").addEventListener("input", (event) => {
    for (const name of ["probability", "threshold"]) byId(name).style.opacity = event.target.value / 100;
  });
  byId("findings").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) describe(button.dataset.side, Number(button.dataset.at), true);
  });
  byId("before").addEventListener("click", () => step(-1));
  byId("after").addEventListener("click", () => step(1));
  byId("closer").addEventListener("click", () => zoomBy(0.67));
  byId("farther").addEventListener("click", () => zoomBy(1.5));
  byId("whole").addEventListener("click", () => zoomTo([0, 0, ...images[current].size]));
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input") || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });

  for (const name of ["probability", "threshold"]) byId(name).style.opacity = 0.7;
  fillList();
  if (listed.length) open(listed[0].at);
})();
