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
  const narrow = matchMedia("(max-width: 56rem)");
  const shownLayers = new Map(LAYERS.map(([name, , on]) => [name, on]));
  const view = byId("view"), outlines = byId("outlines"), rows = document.querySelector("#images tbody");
  // names of the numbers in the runs of a polygon; a detection is gone where its score is below the threshold
  const STATES = { truth: ["", "hit", "miss", "aside"], found: ["gone", "hit", "alarm", "aside"] };
  const KINDS = { truth: { hit: "matched text", miss: "missed text", aside: "do-not-care region" },
    found: { hit: "matched detection", alarm: "false positive", aside: "detection, set aside", gone: "region below the threshold" } };
  const LAYER_OF = { "found-gone": "weak" };
  const sweep = JSON.parse(byId("sweep").textContent); // null: there is no threshold to move
  const panel = byId("score-threshold"), now = panel ? Number(panel.dataset.now) : 0;
  const marks = new Map(); // position of an image -> its chosen text or detection
  let sorting = { key: "f", up: true }, tag = "", listed = [], current = -1, box = [0, 0, 1, 1], step = now;

  images.forEach((image, i) => {
    image.at = i;
    image.found = [...image.found, ...image.weak.map((one) => ({ state: "gone", ...one }))];
    for (const side of ["truth", "found"]) for (const one of image[side]) one.evaluated = one.state;
    delete image.weak;
  });

  // --- the threshold

  /** Position in a flat list of rows [threshold, ...] of the row that holds at the chosen threshold. */
  function rowAt(list, wide) {
    let low = 0, high = list.length / wide - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (list[middle * wide] <= step) low = middle; else high = middle - 1;
    }
    return low * wide;
  }

  function evaluate() {
    for (const image of images) {
      for (const side of ["truth", "found"]) {
        for (const one of image[side]) if (one.runs) one.state = STATES[side][one.runs[rowAt(one.runs, 2) + 1]];
      }
      image.wrong = [...wrongOf(image, "truth"), ...wrongOf(image, "found")];
      if (image.steps) {
        [image.f, image.r, image.p, image.hits, image.misses, image.alarms] = image.steps.slice(rowAt(image.steps, 7) + 1, rowAt(image.steps, 7) + 7);
      } else {
        const count = (side, state) => image[side].filter((one) => one.state === state).length;
        [image.hits, image.misses, image.alarms] = [count("truth", "hit"), count("truth", "miss"), count("found", "alarm")];
      }
    }
  }

  /** Missed texts or false positives, and matches that have a tag: several detections of one text, and so on. */
  function wrongOf(image, side) {
    const wrong = side === "truth" ? "miss" : "alarm";
    return image[side].flatMap((one, at) => (one.state !== wrong && !(one.tag && one.state === "hit" && one.evaluated === "hit") ? [] : [{
      side, at, layer: `${side}-${one.state}`, kind: KINDS[side][one.state], tag: one.tag || "", score: one.score, points: one.at,
      why: one.why || `${{ hit: "matched at", gone: "below", aside: "set aside at" }[one.evaluated]} the threshold of the evaluation`,
    }]));
  }

  function showThreshold() {
    if (!panel) return;
    const value = String(sweep.at[step]), slider = byId("slider");
    slider.value = step;
    slider.setAttribute("aria-valuetext", value);
    byId("chosen-score").textContent = value;
    byId("reset").disabled = step === now;
    if (panel.dataset.setting) {
      byId("override").textContent = byId("copy-override").dataset.copy = `-o ${panel.dataset.setting}=${value}`;
    }
    const shown = [["f", 4], ["r", 4], ["p", 4], ["hits", 0], ["misses", 0], ["alarms", 0]];
    shown.forEach(([key, digits], i) => {
      const at = (k) => (i < 3 ? sweep[key][k] : sweep.counts[k][i - 3]);
      const change = at(step) - at(now), rounded = change.toFixed(digits);
      byId(`live-${key}`).textContent = at(step).toFixed(digits);
      byId(`delta-${key}`).textContent = step === now || Number(rounded) === 0 ? "" : `${change > 0 ? "+" : "−"}${rounded.replace("-", "")}`;
    });
    const point = document.querySelectorAll(".chart .point")[step], ring = document.querySelector(".chart .now");
    for (const name of ["cx", "cy"]) ring.setAttribute(name, point.getAttribute(name));
    ring.firstElementChild.textContent = point.textContent;
  }

  let waiting = false;
  function moveTo(next) {
    step = Math.min(Math.max(next, 0), sweep.at.length - 1);
    showThreshold();
    if (waiting) return;
    waiting = true; // several events of one drag are drawn together
    requestAnimationFrame(() => {
      waiting = false;
      evaluate();
      fillList();
      if (current >= 0) draw();
      remember();
    });
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
    remember();
    if (bring && narrow.matches) byId("viewer").scrollIntoView();
  }

  function walk(by) {
    const next = listed.findIndex((image) => image.at === current) + by;
    if (!listed[next]) return;
    open(listed[next].at);
    bringToView(markRow());
    remember();
  }

  function bringToView(row) {
    if (!row) return;
    const frame = row.closest(".rows"), head = frame.querySelector("thead").offsetHeight;
    if (row.offsetTop < frame.scrollTop + head) frame.scrollTop = row.offsetTop - head;
    else if (row.offsetTop + row.offsetHeight > frame.scrollTop + frame.clientHeight) {
      frame.scrollTop = row.offsetTop + row.offsetHeight - frame.clientHeight;
    }
  }

  // --- one image

  function open(at) {
    current = at;
    const image = images[at], [width, height] = image.size;
    for (const name of ["picture", "probability", "threshold"]) {
      const node = byId(name);
      node.setAttribute("width", width);
      node.setAttribute("height", height);
      node.removeAttribute("href");
    }
    view.style.aspectRatio = `${width} / ${height}`;
    zoomTo([0, 0, width, height]);
    byId("missing").hidden = image.pics.includes("picture");
    draw();
    markRow();
  }

  function draw() {
    const image = images[current];
    byId("title").textContent = `${image.name}: f-score ${image.f.toFixed(3)}, recall ${image.r.toFixed(3)}, precision ${image.p.toFixed(3)}`;
    outlines.replaceChildren(...LAYERS.slice(3).map(([name]) => layerOf(image, name)));
    byId("findings").replaceChildren(...image.wrong.map(findingOf));
    fillToggles(image);
    showLayers();
    showMark();
  }

  function shapeOf(points, ...kinds) {
    const shape = document.createElementNS(SVG, "g");
    for (const kind of kinds) {
      const path = document.createElementNS(SVG, "polygon");
      path.setAttribute("points", points.join(" "));
      path.setAttribute("class", kind);
      shape.append(path);
    }
    return shape;
  }

  function inLayer(image, name) {
    const side = name === "weak" ? "found" : name.split("-")[0];
    return image[side].flatMap((one, at) => {
      const layer = `${side}-${one.state}`;
      return (LAYER_OF[layer] || layer) === name ? [{ side, at, points: one.at }] : [];
    });
  }

  function layerOf(image, name) {
    const group = document.createElementNS(SVG, "g");
    group.dataset.layer = name;
    for (const { side, at, points } of inLayer(image, name)) {
      const shape = shapeOf(points, "rim", `line ${name}`);
      shape.dataset.side = side;
      shape.dataset.at = at;
      group.append(shape);
    }
    return group;
  }

  function fillToggles(image) {
    byId("toggles").replaceChildren(...LAYERS.flatMap(([name, text], i) => {
      const drawing = i < 3;
      if (drawing ? !images.some((each) => each.pics.includes(name)) : name === "weak" && !sweep) return [];
      const there = drawing ? image.pics.includes(name) : inLayer(image, name).length;
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
    const text = make("span", {}, one.tag ? `${one.kind}, ` : one.kind, make("b", {}, one.tag), `: ${one.why}`);
    return make("li", {}, make("button", { type: "button", "data-side": one.side, "data-at": one.at, class: one.tag && one.tag === tag ? "same" : "" }, swatch, text));
  }

  // --- the chosen text or detection: marked until another one is chosen, and named in the address

  function mark(side, at, near) {
    marks.set(current, { side, at });
    showMark();
    remember();
    if (near) zoomAround(images[current][side][at].at);
  }

  function showMark() {
    const image = images[current], chosen = marks.get(current), list = byId("findings");
    for (const button of list.querySelectorAll("[aria-current]")) button.removeAttribute("aria-current");
    byId("mark").replaceChildren();
    if (!chosen) {
      byId("details").textContent = image.wrong.length ? "" : "No missed text, no false positive.";
      return;
    }
    const one = image[chosen.side][chosen.at], score = one.score === undefined ? "" : `, score ${one.score.toFixed(3)}`;
    const wrong = image.wrong.find((each) => each.side === chosen.side && each.at === chosen.at);
    byId("details").textContent = `${KINDS[chosen.side][one.state]}${score}${wrong ? `. ${wrong.tag ? `${wrong.tag}: ` : ""}${wrong.why}` : ""}`;
    byId("mark").replaceChildren(shapeOf(one.at, "halo", "core"));
    const shape = outlines.querySelector(`[data-side="${chosen.side}"][data-at="${chosen.at}"]`);
    if (shape) shape.classList.add("chosen");
    const button = list.querySelector(`[data-side="${chosen.side}"][data-at="${chosen.at}"]`);
    if (!button) return;
    button.setAttribute("aria-current", "true");
    // only the list scrolls, not the page
    const item = button.parentNode, top = item.offsetTop - list.offsetTop;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + item.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = top + item.offsetHeight - list.clientHeight;
  }

  function remember() {
    const chosen = marks.get(current), parts = [];
    const name = images[current] ? images[current].name : "";
    if (name && !/[\ud800-\udfff]/.test(name.replace(/[\ud800-\udbff][\udc00-\udfff]/g, ""))) parts.push(`image=${encodeURIComponent(name)}`);
    if (chosen) parts.push(`${chosen.side === "truth" ? "text" : "detection"}=${chosen.at}`);
    if (step !== now) parts.push(`score=${sweep.at[step]}`);
    history.replaceState(null, "", `#${parts.join("&")}`);
  }

  /** Open what the address names: image, text or detection, threshold; what it does not name stays. */
  function openAddress() {
    const words = new Map(location.hash.slice(1).split("&").map((part) => part.split("=")).filter((pair) => pair.length === 2));
    const text = (key) => { try { return decodeURIComponent(words.get(key)); } catch { return ""; } };
    if (sweep && words.has("score")) {
      const wanted = Number(words.get("score")), after = sweep.at.findIndex((value) => value >= wanted);
      step = Number.isNaN(wanted) ? now : after < 0 ? sweep.at.length - 1 : after;
      evaluate();
      showThreshold();
      fillList();
    }
    const image = words.has("image") ? images.find((each) => each.name === text("image")) : listed[0];
    if (!image) {
      if (listed.length) open(listed[0].at);
      if (words.has("image")) byId("details").textContent = `The link names the image ${text("image")}, which is not on this page.`;
      return;
    }
    const side = words.has("text") ? "truth" : "found", at = Number(words.get(side === "truth" ? "text" : "detection") ?? NaN);
    if (image[side][at]) marks.set(image.at, { side, at });
    open(image.at);
    if (!words.has("image")) return;
    if (marks.has(image.at)) zoomAround(image[marks.get(image.at).side][marks.get(image.at).at].at);
    bringToView(markRow());
    byId("viewer").scrollIntoView();
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
    if (shape && !dragged) mark(shape.dataset.side, Number(shape.dataset.at), false);
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
      if (listed.length) choose(listed[0].at, false);
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
    if (!button) return;
    mark(button.dataset.side, Number(button.dataset.at), true);
    if (narrow.matches) document.querySelector(".stage").scrollIntoView({ block: "nearest" });
  });
  if (panel) {
    byId("slider").addEventListener("input", (event) => moveTo(Number(event.target.value)));
    byId("reset").addEventListener("click", () => { moveTo(now); byId("slider").focus(); });
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.copy");
    if (button) copy(button);
  });
  window.addEventListener("hashchange", openAddress);

  function copy(button) {
    const done = (text) => {
      button.textContent = text;
      setTimeout(() => { button.textContent = "copy"; }, 1500);
    };
    const byHand = () => {
      const field = make("textarea", { readonly: "", class: "unseen" });
      field.value = button.dataset.copy;
      document.body.append(field);
      field.select();
      done(document.execCommand("copy") ? "copied" : "select it and copy");
      field.remove();
    };
    if (navigator.clipboard) navigator.clipboard.writeText(button.dataset.copy).then(() => done("copied"), byHand);
    else byHand();
  }

  // --- files

  /** A field of a CSV file. Spreadsheets run text that begins with one of these signs as a formula. */
  function field(value) {
    let text = String(value ?? "");
    if (typeof value === "string" && /^[\s\u0000]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/.test(text)) text = `'${text}`;
    return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  function csv(rows) {
    return `\ufeff${rows.map((row) => row.map(field).join(",")).join("\r\n")}\r\n`; // spreadsheets expect the mark
  }

  function save(name, kind, text, note) {
    const address = URL.createObjectURL(new Blob([text], { type: `${kind};charset=utf-8` }));
    const [stem, ending] = name.split(".");
    const link = make("a", { href: address, download: sweep ? `${stem}_score_${sweep.at[step]}.${ending}` : name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
    byId("saved").textContent = `${link.download}: ${note}`;
  }

  byId("save-images").addEventListener("click", () => {
    const head = ["image", "f_score", "recall", "precision", "texts", "matched", "missed", "false_positives"];
    const rows = images.map((one) => [one.name, one.f, one.r, one.p, one.hits + one.misses, one.hits, one.misses, one.alarms]);
    save("images.csv", "text/csv", csv([head, ...rows]), `${rows.length} images`);
  });
  byId("save-errors").addEventListener("click", () => {
    const head = ["image", "error", "position", "cause", "reason", "score", "points"];
    const rows = images.flatMap((image) => image.wrong.map((one) => [
      image.name, one.kind, one.at, one.tag, one.why, one.score,
      pairs(one.points).map((point) => point.join(" ")).join(" / "),
    ]));
    save("errors.csv", "text/csv", csv([head, ...rows]), `${rows.length} errors`);
  });
  byId("save-labels").addEventListener("click", () => {
    const left = images.filter((image) => /[\t\r\n]/.test(image.file || image.name) || !(image.file || image.name).trim());
    const lines = images.filter((image) => !left.includes(image)).map((image) => {
      const texts = image.found.filter((one) => one.state !== "gone").map((one) => ({
        transcription: "", points: pairs(one.at), ...(one.score === undefined ? {} : { score: one.score }),
      }));
      return `${image.file || image.name}\t${JSON.stringify(texts)}\n`;
    });
    const note = left.length ? `, without ${left.length} whose name holds a tab or line end, such as ${JSON.stringify(left[0].name)}` : "";
    save("detections.txt", "text/plain", lines.join(""), `${lines.length} images${note}`);
  });

  function pairs(flat) {
    return flat.flatMap((x, i) => (i % 2 ? [] : [[x, flat[i + 1]]]));
  }
  byId("before").addEventListener("click", () => walk(-1));
  byId("after").addEventListener("click", () => walk(1));
  byId("closer").addEventListener("click", () => zoomBy(0.67));
  byId("farther").addEventListener("click", () => zoomBy(1.5));
  byId("whole").addEventListener("click", () => zoomTo([0, 0, ...images[current].size]));
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input") || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowLeft") walk(-1);
    if (event.key === "ArrowRight") walk(1);
  });

  for (const name of ["probability", "threshold"]) byId(name).style.opacity = 0.7;
  evaluate();
  showThreshold();
  fillList();
  openAddress();
})();
