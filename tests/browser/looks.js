// What a reader with weak eyes, a phone or a screen reader would trip over. Returns one line per finding.
() => {
  const found = [];
  const parse = (text) => text.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const groundOf = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.99) return colour;
    }
    return [255, 255, 255];
  };
  const contrast = (a, b) => {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const isShown = (e) => e.checkVisibility() && !e.closest(".visually-hidden, .skip-link, svg, [disabled]");
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !isShown(element) || element.closest("option, script, style")) continue;
    const ratio = contrast(parse(getComputedStyle(element).color), groundOf(element));
    if (ratio < 4.5) found.push(`contrast ${ratio.toFixed(2)}: ${walker.currentNode.data.trim().slice(0, 40)}`);
  }
  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (!field.labels.length && !field.getAttribute("aria-label")) found.push(`no label: ${field.name}`);
  }
  for (const control of document.querySelectorAll("a, button")) {
    if (!control.textContent.trim() && !control.getAttribute("aria-label")) found.push(`no name: ${control.outerHTML}`);
  }
  for (const header of document.querySelectorAll("th")) {
    if (!header.textContent.trim() && !header.getAttribute("aria-label")) found.push(`empty header of a table: ${header.closest("[aria-label]")?.ariaLabel}`);
  }
  let level = 0;
  for (const heading of [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter((e) => e.checkVisibility())) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) found.push(`heading ${next} after ${level}: ${heading.textContent.trim().slice(0, 40)}`);
    level = next;
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of new Set(ids.filter((one, i) => ids.indexOf(one) !== i))) found.push(`id twice: ${id}`);
  const width = document.documentElement.scrollWidth;
  if (width > innerWidth) found.push(`${width} px wide on a screen of ${innerWidth}`);
  if (document.querySelectorAll("h1").length !== 1) found.push("not one first heading");
  return found;
}
