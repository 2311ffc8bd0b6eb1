(function () {
  "use strict";

  /* The rank of a cell: a verdict's order, the number behind the text, or the text itself. */
  function rank(cell) {
    if (!cell) { return null; }
    var known = cell.dataset.order !== undefined ? cell.dataset.order : cell.dataset.value;
    if (known !== undefined) { return Number(known); }
    var text = cell.textContent.trim();
    if (text === "" || text.slice(0, 3) === "n/a") { return null; }
    return /^-?[\d.]+(e[+-]?\d+)?\b/.test(text) ? parseFloat(text) : text.toLowerCase();
  }

  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") { return a - b; }
    if (typeof a === "number") { return -1; }
    if (typeof b === "number") { return 1; }
    return a < b ? -1 : a > b ? 1 : 0;
  }

  function sort(table, column, direction) {
    var body = table.tBodies[0];
    var rows = Array.from(body.rows).map(function (row) {
      return { row: row, at: Number(row.dataset.at), rank: rank(row.cells[column]) };
    });
    rows.sort(function (a, b) {
      if (direction === "none") { return a.at - b.at; }
      if (a.rank === null || b.rank === null) {
        return (a.rank === null) - (b.rank === null) || a.at - b.at;
      }
      var order = compare(a.rank, b.rank);
      return (direction === "ascending" ? order : -order) || a.at - b.at;
    });
    rows.forEach(function (item) { body.appendChild(item.row); });
  }

  var NEXT = { none: "ascending", ascending: "descending", descending: "none" };

  document.querySelectorAll("table[data-sortable]").forEach(function (table) {
    Array.from(table.tBodies[0].rows).forEach(function (row, at) { row.dataset.at = at; });
    var heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach(function (head, column) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.title = (head.title ? head.title + " " : "") + "Press to sort.";
      head.textContent = "";
      head.appendChild(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", function () {
        var direction = NEXT[head.getAttribute("aria-sort")];
        heads.forEach(function (other) { other.setAttribute("aria-sort", "none"); });
        head.setAttribute("aria-sort", direction);
        sort(table, column, direction);
      });
    });
  });

  /* Say above a table or figure that it goes on sideways, where it does. */
  var hints = Array.from(document.querySelectorAll(".scroll")).map(function (box) {
    var hint = document.createElement("p");
    hint.className = "hint";
    hint.textContent = "Wider than the page: scroll sideways \u2192";
    box.insertAdjacentElement("beforebegin", hint);
    return { box: box, hint: hint };
  });
  function show() {
    hints.forEach(function (item) {
      item.hint.classList.toggle("is-needed", item.box.scrollWidth > item.box.clientWidth + 1);
    });
  }
  window.addEventListener("resize", show);
  document.addEventListener("toggle", show, true);
  show();

  /* A link into a closed part opens it. */
  function open() {
    var target = location.hash && document.getElementById(location.hash.slice(1));
    var closed = target && target.closest("details");
    if (closed && !closed.open) {
      closed.open = true;
      target.scrollIntoView({ block: "center" });
    }
  }
  window.addEventListener("hashchange", open);
  open();

  /* Narrow screens begin with the answer, not with the contents. */
  var contents = document.querySelector(".contents details");
  if (contents && window.matchMedia("(max-width: 69.99rem)").matches) { contents.open = false; }
})();
