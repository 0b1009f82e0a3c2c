/* Every visible text whose contrast with what lies behind it is below 4.5:1 (3:1 where it is large), by WCAG 2.2. */
() => {
  const numbers = (text) => (text.match(/[\d.]+/g) ?? []).map(Number);
  const colour = (text) => {
    const [r = 0, g = 0, b = 0, a = 1] = numbers(text);
    return text.startsWith("color(srgb") ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
  };
  const over = ([r, g, b, a], under) => [r * a + under[0] * (1 - a), g * a + under[1] * (1 - a), b * a + under[2] * (1 - a), 1];
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ratio = (one, other) => {
    const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  // All grounds a text may stand on: a gradient gives one for each of its colours.
  const grounds = (element) => {
    const chain = [];
    for (let each = element; each; each = each.parentElement) chain.unshift(getComputedStyle(each));
    let found = [[255, 255, 255, 1]];
    for (const style of chain) {
      found = found.map((ground) => over(colour(style.backgroundColor), ground));
      const stops = style.backgroundImage.match(/(rgba?|color)\([^)]*\)/g) ?? [];
      if (stops.length) found = [...found, ...stops.flatMap((stop) => found.map((ground) => over(colour(stop), ground)))];
    }
    return found;
  };
  const opacity = (element) => {
    let product = 1;
    for (let each = element; each; each = each.parentElement) product *= Number(getComputedStyle(each).opacity);
    return product;
  };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const words = walker.currentNode.textContent.trim();
    if (!words || !element.checkVisibility({ visibilityProperty: true }) || element.closest(":disabled, .hidden-text")) continue;
    const style = getComputedStyle(element);
    if (style.clipPath !== "none" || element.closest("noscript, title")) continue;
    seen += 1;
    const paint = colour(element instanceof SVGElement ? style.fill : style.color);
    paint[3] *= opacity(element);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    for (const ground of grounds(element)) {
      const measured = ratio(over(paint, ground), ground);
      if (measured < (large ? 3 : 4.5)) bad.push(`${measured.toFixed(2)} ${element.tagName}.${element.getAttribute("class")} ${words.slice(0, 40)}`);
    }
  }
  return { seen, bad };
}
