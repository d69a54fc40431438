// A picture of a poem, drawn here and saved as PNG.
const WIDTH = 900, HEIGHT = 1200, SERIF = '"Noto Serif CJK SC", "Source Han Serif SC", "Songti SC", STSong, SimSun, serif';

export function drawCard(poem, title) {
  const canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT });
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#f8f3e7";
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  pen.strokeStyle = "#cbb994";
  pen.lineWidth = 2;
  pen.strokeRect(36, 36, WIDTH - 72, HEIGHT - 72);
  pen.strokeRect(46, 46, WIDTH - 92, HEIGHT - 92);
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  drawColumns(pen, poem.lines, title);
  drawSeal(pen);
  return canvas;
}

/** Columns from right to left, the title before them. */
function drawColumns(pen, lines, title) {
  const columns = lines.length > 4 ? pairs(lines) : lines.map((line, n) => line + (n % 2 ? "。" : "，"));
  const longest = Math.max(...columns.map((column) => [...column].length));
  const step = Math.min(110, (HEIGHT - 330) / longest);
  const size = Math.min(64, step * 0.78);
  const across = Math.min(125, 560 / columns.length);
  const right = WIDTH / 2 + (across * (columns.length - 1)) / 2 - (title ? across / 3 : 0);
  pen.fillStyle = "#2a241c";
  columns.forEach((column, n) => drawColumn(pen, column, right - n * across, 190, step, size));
  if (!title) return;
  pen.fillStyle = "#7a6a52";
  drawColumn(pen, title.slice(0, 10), right + across * 0.95, 190, 44, 34);
}

const pairs = (lines) => lines.flatMap((line, n) => (n % 2 ? [] : [`${line}，${lines[n + 1]}。`]));

function drawColumn(pen, text, x, top, step, size) {
  pen.font = `${size}px ${SERIF}`;
  let y = top;
  for (const character of text) {
    const mark = "，。".includes(character);
    pen.fillText(character, mark ? x + size * 0.6 : x, mark ? y - step * 0.55 : y);
    y += mark ? step * 0.45 : step;
  }
}

function drawSeal(pen) {
  pen.fillStyle = "#a5281b";
  pen.beginPath();
  pen.roundRect(96, HEIGHT - 196, 92, 92, 14);
  pen.fill();
  pen.fillStyle = "#fbf3df";
  pen.font = `54px ${SERIF}`;
  pen.fillText("吟", 142, HEIGHT - 149);
}

export function save(canvas, name) {
  canvas.toBlob((blob) => {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: `${name}.png` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }, "image/png");
}
