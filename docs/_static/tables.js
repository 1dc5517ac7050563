// On a phone, the rows of a table stand below one another: each cell says which column it is of.
addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll("article table.docutils")) {
    const heads = [...table.querySelectorAll("thead th")].map((head) => head.textContent.trim());
    for (const row of table.querySelectorAll("tbody tr")) {
      [...row.cells].forEach((cell, place) => {
        if (place > 0 && heads.length > 2) cell.dataset.head = heads[place] ?? "";
      });
    }
  }
});
