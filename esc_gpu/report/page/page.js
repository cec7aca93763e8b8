"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  document.documentElement.classList.add("script");

  // Tables that a column's head sorts: numbers from the highest, then from the lowest; text from A.
  const valueOf = (row, column) => {
    const text = row.cells[column].textContent.trim();
    const number = Number(text);
    return text !== "" && !Number.isNaN(number) ? number : text;
  };
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a !== typeof b) return typeof a === "number" ? 1 : -1;
    return a.localeCompare(b);
  };
  for (const table of all("table.sortable")) {
    const body = table.tBodies[0];
    all("thead th", table).forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const rows = [...body.rows];
        const isText = typeof valueOf(rows[0], column) === "string";
        const first = isText ? "ascending" : "descending";
        const second = isText ? "descending" : "ascending";
        const order = head.getAttribute("aria-sort") === first ? second : first;
        for (const other of all("th", table.tHead)) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        rows.sort((a, b) => sign * compare(valueOf(a, column), valueOf(b, column)));
        body.append(...rows);
      });
    });
  }

  // A table that goes on to the right fades out there.
  for (const box of all(".scroll")) {
    const fade = () => box.classList.toggle("more", box.scrollWidth - box.clientWidth - box.scrollLeft > 1);
    box.addEventListener("scroll", fade, { passive: true });
    new ResizeObserver(fade).observe(box);
  }

  // The list of mistakes: shown by true class, predicted class and fold; those that are chosen stand together.
  const filters = all("[data-filter]");
  const cards = all(".mistake");
  const places = cards.map((card) => card.parentElement);
  const showCards = () => {
    const chosen = filters.filter((select) => select.value !== "");
    cards.forEach((card, number) => {
      places[chosen.length ? 0 : number].append(card);
      card.hidden = chosen.some((select) => !card.dataset[select.dataset.filter].split(" ").includes(select.value));
    });
    for (const page of all("#list details")) page.hidden = chosen.length > 0;
    byId("shown").textContent = chosen.length ? `${cards.filter((card) => !card.hidden).length} shown` : "";
  };
  const setFilters = (values) => {
    for (const select of filters) select.value = values[select.dataset.filter] ?? "";
    if (filters.length) showCards();
  };
  for (const select of filters) select.addEventListener("change", showCards);
  byId("clear")?.addEventListener("click", () => setFilters({}));

  // The confusion matrix: what a cell says, and the clips behind it.
  const matrix = document.querySelector(".matrix");
  const describeCell = (cell) => {
    byId("readout").textContent = cell.dataset.text;
    for (const head of all("th.at", matrix)) head.classList.remove("at");
    cell.parentElement.cells[0].classList.add("at");
    matrix.tHead.rows[0].cells[cell.cellIndex].classList.add("at");
  };
  for (const kind of ["pointerover", "focusin", "click"]) {
    matrix?.addEventListener(kind, (event) => {
      const cell = event.target.closest("td[data-true]");
      if (cell) describeCell(cell);
    });
  }
  const follow = (element) => {
    setFilters({ true: element.dataset.true, predicted: element.dataset.predicted });
    byId("mistakes").scrollIntoView();
    filters[0]?.focus({ preventScroll: true });
  };
  matrix?.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) follow(button.closest("td"));
  });
  for (const link of all("a[data-true], a[data-predicted]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      follow(link);
    });
  }

  // The maps: one fold at a time, what a point is, one class alone.
  const maps = all(".map");
  const showMap = () => {
    for (const map of maps) map.toggleAttribute("hidden", map.dataset.fold !== byId("fold").value);
    byId("point").textContent = "\u00a0";
  };
  const describePoint = (point) => {
    for (const other of all(".point.at", point.ownerSVGElement)) other.classList.remove("at");
    point.classList.add("at");
    byId("point").textContent = point.querySelector("title").textContent;
  };
  byId("fold").addEventListener("change", showMap);
  showMap();
  for (const map of maps) {
    for (const kind of ["pointerover", "click"]) {
      map.addEventListener(kind, (event) => {
        const point = event.target.closest(".point");
        if (point) describePoint(point);
      });
    }
    map.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const points = all(".point", map);
      const at = points.findIndex((point) => point.classList.contains("at"));
      describePoint(points[at < 0 ? 0 : (at + step + points.length) % points.length]);
    });
  }
  const legend = all("#classes-of-the-map button");
  for (const button of legend) {
    button.addEventListener("click", () => {
      const pressed = button.getAttribute("aria-pressed") !== "true";
      for (const other of legend) other.setAttribute("aria-pressed", String(pressed && other === button));
      for (const map of maps) {
        map.classList.toggle("focused", pressed);
        for (const point of all(".point", map)) point.classList.toggle("chosen", point.dataset.true.split(" ").includes(button.dataset.true));
      }
    });
  }

  // One clip at a time.
  document.addEventListener("play", (event) => {
    for (const audio of all("audio")) if (audio !== event.target) audio.pause();
  }, true);
})();
