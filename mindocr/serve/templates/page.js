"use strict";
(() => {
  const one = (id) => document.getElementById(id);
  const SVG = "http://www.w3.org/2000/svg";
  const NAMES = { drop_score: "Reading confidence", box_thresh: "Detection score", binary_thresh: "Pixel threshold",
    score_thresh: "Strip score", expand_ratio: "Outline size", level: "Outlines of" };
  const ORDER = Object.keys(NAMES);
  const PAUSE_MS = 250;  // after the last move of a slider, before the service is asked
  let about = null, file = null, address = null, result = null, running = null, timer = 0, chosen = -1;

  const text = (element, words) => { element.textContent = words; };
  const make = (name, properties, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };
  const problem = (words) => { text(one("problem"), words); one("problem").hidden = !words; };
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const shown = (value) => (Number.isInteger(value * 100) ? value.toFixed(2) : value.toFixed(3));

  async function learn() {
    for (;;) {
      try {
        const answer = await fetch("model");
        if (answer.ok) { about = await answer.json(); break; }
        text(one("about"), (await answer.json()).message);
      } catch { text(one("about"), "The service does not answer; trying again …"); }
      await sleep(1500);
    }
    text(one("about"), `${about.model} · ${about.kind === "reading" ? "finds and reads texts" : "finds texts"} · version ${about.version}`);
    text(one("limits"), `up to ${about.limits.bytes / 1e6} MB and ${about.limits.pixels / 1e6} megapixels`);
    one("copy").hidden = about.kind !== "reading";
    one("settings").replaceChildren(...names().map((name) => control(name, about.options[name])));
    if (file) ask();
  }

  const crop = make("canvas", { ariaHidden: "true" });
  const names = () => Object.keys(about.options).sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));

  function control(name, option) {
    const id = `option-${name}`, hint = make("span", { className: "faint", id: `${id}-hint` }, option.meaning);
    const label = make("label", { htmlFor: id }, NAMES[name] || name);
    if (option.choices) {
      const select = make("select", { id, onchange: later }, ...option.choices.map((word) => make("option", { value: word }, `${word}s`)));
      select.value = option.default;
      return make("div", { className: "setting" }, label, select);
    }
    const value = make("output", { htmlFor: id }, shown(option.default));
    const slider = make("input", { id, type: "range", min: option.minimum, max: option.maximum, step: 0.01 });
    slider.value = option.default;
    slider.dataset.start = slider.value;
    slider.setAttribute("aria-describedby", hint.id);
    slider.addEventListener("input", () => { text(value, shown(Number(slider.value))); hideBelow(); later(); });
    return make("div", { className: "setting" }, label, value, slider, hint);
  }

  function options() {
    const query = new URLSearchParams();
    for (const name of Object.keys(about.options)) {
      const input = one(`option-${name}`), start = input.dataset.start ?? about.options[name].default;
      if (input.value !== String(start)) query.set(name, input.value);
    }
    return query;
  }

  function take(next) {
    if (!next) return;
    problem("");
    if (about && next.size > about.limits.bytes) {
      problem(`${next.name}: ${(next.size / 1e6).toFixed(1)} MB, above the limit of ${about.limits.bytes / 1e6} MB`);
      return;
    }
    file = next;
    if (address) URL.revokeObjectURL(address);
    address = URL.createObjectURL(file);
    forget();
    one("stage").hidden = false;
    one("stage").className = "";
    one("stage").style.aspectRatio = "";
    one("image").alt = file.name ? `Image ${file.name}` : "The image";
    one("image").src = address;
    if (about) ask();
  }

  function forget() {
    result = null; chosen = -1;
    one("outlines").replaceChildren();
    one("texts").replaceChildren();
    text(one("count"), ""); text(one("saved"), "");
    for (const id of ["copy", "json", "labels"]) one(id).disabled = true;
  }

  function later() {
    clearTimeout(timer);
    if (file) timer = setTimeout(ask, PAUSE_MS);
  }

  async function ask() {
    clearTimeout(timer);
    if (running) running.abort();
    const mine = running = new AbortController();
    one("stage").classList.add("waiting");
    text(one("status"), "Working …");
    text(one("none"), "");
    try {
      const answer = await post(mine.signal), body = await answer.json();
      if (!answer.ok) { forget(); problem(body.message); text(one("status"), ""); return; }
      problem("");
      show(body);
    } catch (error) {
      if (error.name !== "AbortError") { problem("The service does not answer. Is it still running?"); text(one("status"), ""); }
    } finally {
      if (running === mine) { running = null; one("stage").classList.remove("waiting"); }
    }
  }

  async function post(signal) {
    for (let tries = 0; ; tries += 1) {
      const headers = { "Content-Type": file.type.startsWith("image/") ? file.type : "application/octet-stream" };
      const query = options();
      query.set("format", "json");
      const answer = await fetch(`predict?${query}`, { method: "POST", body: file, headers, signal });
      if (answer.status !== 503 || tries === 4) return answer;
      text(one("status"), "The service is busy; trying again …");
      await sleep(1000 * Number(answer.headers.get("Retry-After") || 1));
      if (signal.aborted) return answer;
    }
  }

  function show(body) {
    result = body; chosen = -1;
    const [height, width] = body.size;
    one("outlines").setAttribute("viewBox", `0 0 ${width} ${height}`);
    if (one("stage").classList.contains("blind")) one("stage").style.aspectRatio = `${width} / ${height}`;
    const outlines = [], entries = [];
    body.texts.forEach((each, i) => {
      for (const part of each.characters || each.words || [each]) {
        const points = part.points.map((point) => point.join(",")).join(" ");
        for (const kind of ["rim", "line"]) {
          const outline = document.createElementNS(SVG, "polygon");
          outline.setAttribute("points", points);
          outline.setAttribute("class", kind);
          outline.dataset.text = i;
          outline.addEventListener("click", () => choose(i, true));
          outlines.push(outline);
        }
      }
      const words = each.transcription ?? `text ${i + 1}`, sure = each.confidence ?? each.score;
      const entry = make("button", { type: "button", onclick: () => choose(i, false) },
        make("span", { className: "words", dir: "auto" }, words), make("span", { className: "number" }, sure.toFixed(2)));
      entry.setAttribute("aria-pressed", "false");
      entries.push(make("li", {}, entry));
    });
    one("outlines").replaceChildren(...outlines);
    one("texts").replaceChildren(...entries);
    text(one("none"), body.texts.length ? "" : "No text was found. Lower thresholds find more.");
    for (const id of ["copy", "json", "labels"]) one(id).disabled = false;
    text(one("saved"), "");
    const seconds = body.seconds.predicting + body.seconds.waiting;
    const searched = body.searched ? `, searched at ${body.searched[1]} × ${body.searched[0]}` : "";
    text(one("status"), `${width} × ${height} pixels${searched}, ${seconds.toFixed(2)} s` + (body.left_out ? `; ${body.left_out} found and not read with enough confidence` : ""));
    hideBelow();
  }

  // Higher thresholds only leave texts out, which the page can do at once, before the service has answered.
  function hideBelow() {
    if (!result) return;
    const least = (name) => Number(one(`option-${name}`)?.value ?? 0);
    let count = 0;
    result.texts.forEach((each, i) => {
      const below = each.score < least("box_thresh") || (each.confidence ?? 1) < least("drop_score");
      count += below ? 0 : 1;
      one("texts").children[i].classList.toggle("below", below);
      for (const outline of outlinesOf(i)) outline.classList.toggle("below", below);
    });
    text(one("count"), String(count));
  }

  const outlinesOf = (i) => one("outlines").querySelectorAll(`[data-text="${i}"]`);
  const visible = () => result.texts.filter((_, i) => !one("texts").children[i].classList.contains("below"));

  function choose(i, scroll) {
    for (const [number, on] of [[chosen, false], [i, chosen !== i]]) {
      if (number < 0 || !one("texts").children[number]) continue;
      one("texts").children[number].firstChild.setAttribute("aria-pressed", String(on));
      for (const outline of outlinesOf(number)) if (!outline.classList.contains("rim")) outline.classList.toggle("chosen", on);
    }
    chosen = chosen === i ? -1 : i;
    enlarge();
    if (scroll && chosen >= 0) one("texts").children[i].scrollIntoView({ block: "nearest" });
  }

  // The chosen text from the image, large enough to be read on a phone.
  function enlarge() {
    const image = one("image");
    crop.remove();
    if (chosen < 0 || !image.naturalWidth) return;
    const xs = result.texts[chosen].points.map((point) => point[0]), ys = result.texts[chosen].points.map((point) => point[1]);
    const [left, top] = [Math.min(...xs), Math.min(...ys)], [width, height] = [Math.max(...xs) - left, Math.max(...ys) - top];
    const scale = Math.min(one("texts").clientWidth / width, 120 / height, 6) * (window.devicePixelRatio || 1);
    crop.width = Math.max(width * scale, 1);
    crop.height = Math.max(height * scale, 1);
    crop.style.width = `${crop.width / (window.devicePixelRatio || 1)}px`;
    crop.getContext("2d").drawImage(image, left, top, width, height, 0, 0, crop.width, crop.height);
    one("texts").children[chosen].append(crop);
  }

  function save(name, kind, content) {
    const link = make("a", { href: URL.createObjectURL(new Blob([content], { type: kind })), download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    text(one("saved"), `Saved as ${name}`);
  }

  async function copy() {
    const words = visible().map((each) => (each.words ? each.words.map((word) => word.transcription).join(" ") : each.transcription)).join("\n");
    try {
      await navigator.clipboard.writeText(words);
    } catch {  // only pages from this machine or over TLS may use the clipboard
      const area = make("textarea", { value: words, className: "unseen" });
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      if (!done) { text(one("saved"), "This browser does not let the page copy; use Save JSON."); return; }
    }
    const number = visible().length;
    text(one("saved"), `${number} ${number === 1 ? "line" : "lines"} copied.`);
  }

  const stem = () => (file.name || "image").replace(/\.[^.]*$/, "");
  function labels() {
    const parts = visible().flatMap((each) => each.characters || each.words || [each]);
    const entries = parts.map((each) => ({ transcription: each.transcription ?? "", points: each.points }));
    const name = (file.name || "image").replace(/[\t\r\n]/g, " ");
    save(`${stem()}_labels.txt`, "text/plain", `${name}\t${JSON.stringify(entries)}\n`);
  }

  for (const id of ["file", "camera"]) {
    one(id).addEventListener("change", (event) => { take(event.target.files[0]); event.target.value = ""; });
  }
  one("image").addEventListener("error", () => {
    one("stage").classList.add("blind");
    if (result) one("stage").style.aspectRatio = `${result.size[1]} / ${result.size[0]}`;
    one("image").alt = "This browser cannot show this kind of file; the outlines are drawn without it.";
  });
  one("set").open = window.matchMedia("(min-width: 56.01rem)").matches;
  one("reset").addEventListener("click", () => {
    one("settings").replaceChildren(...names().map((name) => control(name, about.options[name])));
    later();
  });
  one("copy").addEventListener("click", copy);
  one("json").addEventListener("click", () => save(`${stem()}.json`, "application/json", JSON.stringify({ ...result, image: file.name, texts: visible() }, null, 1)));
  one("labels").addEventListener("click", labels);
  one("settings").addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("paste", (event) => take([...event.clipboardData.files].find((each) => each.type.startsWith("image/"))));
  let depth = 0;
  document.addEventListener("dragenter", () => { depth += 1; one("drop").classList.add("over"); });
  document.addEventListener("dragleave", () => { depth -= 1; if (!depth) one("drop").classList.remove("over"); });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    one("drop").classList.remove("over");
    take(event.dataTransfer.files[0]);
  });
  learn();
})();
