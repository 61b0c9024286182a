"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const words = JSON.parse(byId("data").textContent);
  if (!words.length) return;
  const PAGE = matchMedia("(max-width: 36rem)").matches ? 12 : 48; // cards that are added at once
  const orders = {
    worst: (a, b) => a.rank - b.rank,
    sure: (a, b) => b.confidence - a.confidence || a.rank - b.rank,
    longest: (a, b) => b.truth.length - a.truth.length || a.rank - b.rank,
    place: (a, b) => a.at - b.at,
  };
  let listed = [], chosen = null; // the button whose texts are listed

  words.forEach((word, rank) => { word.rank = rank; });

  function make(name, attributes, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }

  /** One of the texts, with the characters marked that differ. */
  function text(word, side) {
    return word.steps.flatMap((step) => {
      if (step.length === 1) return [step[0]];
      const shown = step[side] === " " ? "␣" : step[side];
      return shown ? [make(side ? "ins" : "del", {}, shown)] : [];
    });
  }

  function card(word) {
    const picture = word.picture
      ? make("img", { src: byId(`picture-${word.at}`).textContent, alt: `crop of ${word.truth}` })
      : make("span", { class: "faint" }, "no picture");
    return make("li", {},
      make("div", { class: "crop" }, picture),
      make("dl", { class: "both" }, make("dt", {}, "text"), make("dd", {}, ...text(word, 0)),
        make("dt", {}, "read"), make("dd", {}, ...(word.found ? text(word, 1) : [make("span", { class: "faint" }, "nothing")]))),
      make("span", { class: "faint" }, `${word.tag}; confidence ${word.confidence.toFixed(2)}, similarity ${word.similarity.toFixed(2)}`),
      make("span", { class: "faint" }, word.image));
  }

  function isChosen(word) {
    if (!chosen) return true;
    if (chosen.dataset.tag !== undefined) return word.tag === chosen.dataset.tag;
    return word.steps.some((step) => step.length === 2 && step[0] === chosen.dataset.true && step[1] === chosen.dataset.read);
  }

  function list() {
    const wanted = byId("search").value.toLowerCase(), wrong = byId("wrong-only").checked;
    listed = words.filter((word) => isChosen(word) && !(wrong && word.right) &&
      [word.truth, word.found, word.image].some((part) => part.toLowerCase().includes(wanted)));
    listed.sort(orders[byId("order").value]);
    byId("words").replaceChildren();
    byId("clear").hidden = !chosen;
    byId("clear").textContent = chosen ? `${chosen.textContent} ✕` : "";
    more();
  }

  function more() {
    const start = byId("words").children.length;
    byId("words").append(...listed.slice(start, start + PAGE).map(card));
    const there = byId("words").children.length;
    byId("more").hidden = there === listed.length;
    byId("shown").textContent = `${there} of ${listed.length}`;
  }

  function choose(button) {
    chosen = chosen === button ? null : button;
    for (const other of document.querySelectorAll("button.tag")) other.setAttribute("aria-pressed", String(other === chosen));
    list();
    if (chosen) byId("texts").scrollIntoView();
  }

  for (const button of document.querySelectorAll("button.tag")) button.addEventListener("click", () => choose(button));
  byId("clear").addEventListener("click", () => choose(chosen));
  byId("more").addEventListener("click", more);
  byId("search").addEventListener("input", list);
  byId("order").addEventListener("change", list);
  byId("wrong-only").addEventListener("change", list);
  list();
})();
