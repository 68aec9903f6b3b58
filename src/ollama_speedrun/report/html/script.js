(function () {
  "use strict";
  var root = document.documentElement;
  var button = document.getElementById("theme");
  var tip = document.getElementById("tip");

  function isDark() {
    var chosen = root.getAttribute("data-theme");
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }
  function label() { button.textContent = isDark() ? "Light" : "Dark"; }
  function choose(theme) { root.setAttribute("data-theme", theme); label(); }
  try {
    var kept = localStorage.getItem("theme");
    if (kept === "dark" || kept === "light") { choose(kept); }
  } catch (error) { /* a browser may keep nothing for a file */ }
  label();
  button.hidden = false;
  button.addEventListener("click", function () {
    choose(isDark() ? "light" : "dark");
    try { localStorage.setItem("theme", root.getAttribute("data-theme")); } catch (error) { /* as above */ }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", label);

  var named = null;
  function show(mark) {
    named = mark;
    tip.textContent = mark.getAttribute("aria-label");
    tip.hidden = false;
    place();
  }
  function place() {
    if (!named) { return; }
    var dot = (named.querySelector(".dot") || named).getBoundingClientRect();
    var size = tip.getBoundingClientRect();
    var left = Math.min(Math.max(12, dot.left + dot.width / 2 - size.width / 2), innerWidth - size.width - 12);
    var top = dot.top - size.height - 10;
    tip.style.left = left + "px";
    tip.style.top = (top < 8 ? dot.bottom + 10 : top) + "px";
  }
  function hide() { named = null; tip.hidden = true; }
  function markOf(event) { return event.target.closest ? event.target.closest(".mark") : null; }

  document.addEventListener("pointerover", function (event) {
    var mark = markOf(event);
    if (mark) { show(mark); } else { hide(); }
  });
  document.addEventListener("focusin", function (event) {
    var mark = markOf(event);
    if (mark) { show(mark); } else { hide(); }
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", place, true);
  addEventListener("resize", place);

  // One stop of the Tab key for each chart; the arrow keys go from mark to mark
  var STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") { hide(); return; }
    var mark = markOf(event);
    var chart = mark && mark.closest(".plot, .timeline");
    if (!chart) { return; }
    var marks = Array.prototype.slice.call(chart.querySelectorAll(".mark"));
    marks.sort(function (one, other) {
      return one.getBoundingClientRect().left - other.getBoundingClientRect().left;
    });
    var place = marks.indexOf(mark);
    if (event.key in STEPS) { place = (place + STEPS[event.key] + marks.length) % marks.length; }
    else if (event.key === "Home") { place = 0; }
    else if (event.key === "End") { place = marks.length - 1; }
    else { return; }
    event.preventDefault();
    mark.setAttribute("tabindex", "-1");
    marks[place].setAttribute("tabindex", "0");
    marks[place].focus();
  });

  var link = document.getElementById("document");
  if (link && window.DecompressionStream) {
    link.addEventListener("click", function (event) {
      if (link.protocol !== "data:") { return; }
      event.preventDefault();
      var text = atob(link.href.slice(link.href.indexOf(",") + 1));
      var bytes = new Uint8Array(text.length);
      for (var place = 0; place < text.length; place += 1) { bytes[place] = text.charCodeAt(place); }
      var stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
      new Response(stream).blob().then(function (blob) {
        var saved = document.createElement("a");
        saved.href = URL.createObjectURL(new Blob([blob], { type: "application/json" }));
        saved.download = link.download.replace(/\.gz$/, "");
        saved.click();
        setTimeout(function () { URL.revokeObjectURL(saved.href); }, 10000);
      });
    });
  }

  // A folded part is not printed: open all of them for paper, and fold those again that were folded
  var opened = [];
  addEventListener("beforeprint", function () {
    hide();
    opened = Array.prototype.slice.call(document.querySelectorAll("details:not([open])"));
    opened.forEach(function (part) { part.open = true; });
  });
  addEventListener("afterprint", function () { opened.forEach(function (part) { part.open = false; }); });
}());
