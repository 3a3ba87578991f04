"use strict";
// Sorting and filtering of the claims table; without this script the page shows every claim in document order.
(() => {
  const table = document.getElementById("claims");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const headers = [...table.tHead.rows[0].cells];
  const words = new Intl.Collator("en", { numeric: true });

  function compare(a, b) {
    const numeric = a !== "" && b !== "" && Number.isFinite(+a) && Number.isFinite(+b);
    return numeric ? a - b : words.compare(a, b);
  }

  function sortBy(column, sign) {
    const key = (row) => row.cells[column].dataset.key;
    const sorted = [...rows].sort((a, b) => {
      const [left, right] = [key(a), key(b)];
      if (left === "" || right === "") return (left === "") - (right === ""); // nothing measured: last either way
      return sign * compare(left, right);
    });
    body.append(...sorted);
  }

  headers.forEach((header, column) => {
    header.querySelector("button").addEventListener("click", () => {
      const descending = header.getAttribute("aria-sort") === "ascending";
      headers.forEach((other) => other.removeAttribute("aria-sort"));
      header.setAttribute("aria-sort", descending ? "descending" : "ascending");
      sortBy(column, descending ? -1 : 1);
    });
  });

  const chips = [...document.querySelectorAll("button[data-verdict]")];
  const status = document.getElementById("shown");
  chips.forEach((chip) => {
    chip.addEventListener("click", () => {
      const wanted = chip.dataset.verdict;
      chips.forEach((other) => other.setAttribute("aria-pressed", String(other === chip)));
      rows.forEach((row) => { row.hidden = wanted !== "" && row.dataset.verdict !== wanted; });
      status.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} claims shown`;
    });
  });
})();
