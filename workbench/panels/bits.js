// The bits of one tensor as numbers, names and colours; bit_grid.js, which stands behind it, draws them.

const LEAST_HARM = 1e-5;
const UNKNOWN = 255;
// Cividis, which the colour-blind see as others do.
const CIVIDIS = [
  [0, 32, 77], [0, 48, 111], [56, 66, 110], [85, 85, 109], [109, 104, 111], [131, 123, 119],
  [155, 143, 118], [181, 164, 109], [209, 186, 94], [238, 208, 74], [255, 233, 69],
];

function cividis(share) {
  const at = Math.min(Math.max(share, 0), 1) * (CIVIDIS.length - 1);
  const low = Math.min(Math.floor(at), CIVIDIS.length - 2);
  return CIVIDIS[low].map((value, channel) => value + (at - low) * (CIVIDIS[low + 1][channel] - value));
}

/** Show in an element which colours are which harm. */
function explain(scale, harm) {
  const stops = CIVIDIS.map((colour) => `rgb(${colour.join(" ")})`).join(", ");
  const bar = document.createElement("i");
  bar.style.background = `linear-gradient(90deg, ${stops})`;
  scale.replaceChildren(`${harm}, ${100 * LEAST_HARM} %`, bar, "100 %");
}

const harmOf = (code) => (code === 0 ? 0 : LEAST_HARM ** (1 - (code - 1) / 253));

function inWords(code) {
  if (code === UNKNOWN) return "harm not measured";
  if (code === 0) return "harmless alone";
  const percent = 100 * harmOf(code);
  return `harm alone ${Number(percent.toPrecision(percent >= 10 ? 2 : 1))} %`;
}

/** The bits as numbers: clean and present values, places and names. */
class Bits {
  constructor(model) {
    this.width = model.get("width");
    this.shape = model.get("shape");
    this.row = model.get("elements_a_row");
    this.count = this.shape.reduce((product, size) => product * size, 1);
    const clean = model.get("_clean");
    this.clean = new Uint8Array(clean.buffer, clean.byteOffset, clean.byteLength);
    this.first = model.get("_first");
    const harm = model.get("_harm");
    this.harm = harm.byteLength ? new Uint8Array(harm.buffer, harm.byteOffset, harm.byteLength) : null;
    this.flipped = new Set(model.get("flipped"));
    this.columns = this.row * this.width;
    this.rows = Math.ceil(this.count / this.row);
  }

  get size() {
    return this.count * this.width;
  }

  wasSet(bit) {
    return (this.clean[bit >> 3] >> (bit & 7)) & 1;
  }

  /** The bit in a cell, -1 behind the last element. The highest bit of an element is its first column. */
  at(row, column) {
    const number = row * this.row + Math.floor(column / this.width);
    const inside = row >= 0 && column >= 0 && column < this.columns && number < this.count;
    return inside ? number * this.width + (this.width - 1 - (column % this.width)) : -1;
  }

  cell(bit) {
    const number = Math.floor(bit / this.width);
    const column = (number % this.row) * this.width + this.width - 1 - (bit % this.width);
    return { row: Math.floor(number / this.row), column };
  }

  value(number, flipped) {
    let sum = 0;
    for (let bit = 0; bit < this.width; bit++) {
      const at = number * this.width + bit;
      const weight = bit === this.width - 1 ? -(2 ** bit) : 2 ** bit;
      if (this.wasSet(at) ^ (flipped && this.flipped.has(at) ? 1 : 0)) sum += weight;
    }
    return sum;
  }

  describe(name, bit) {
    const number = Math.floor(bit / this.width);
    let rest = number;
    const index = this.shape.map(() => 0);
    for (let axis = this.shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % this.shape[axis];
      rest = Math.floor(rest / this.shape[axis]);
    }
    const address = (this.first.getInt32(4 * number, true) + (bit % this.width)) >> 3;
    const [old, now] = [this.value(number, false), this.value(number, true)];
    const changed = old === now ? `value ${old}` : `value ${old}, now ${now}`;
    const parts = [`${name}[${index.join(", ")}] bit ${bit % this.width}`, `address ${address}`, changed];
    if (this.flipped.has(bit)) parts.push("flipped");
    parts.push(inWords(this.harm ? this.harm[bit] : UNKNOWN));
    return parts.join("; ");
  }

  /** A picture of a pixel a bit. */
  painted(dark) {
    const picture = document.createElement("canvas");
    picture.width = this.columns;
    picture.height = this.rows;
    const pen = picture.getContext("2d");
    const pixels = pen.createImageData(this.columns, this.rows);
    const plain = dark ? [[58, 64, 72], [126, 136, 148]] : [[222, 226, 232], [140, 150, 164]];
    const shades = this.harm && Array.from({ length: 255 }, (_, code) => cividis(code / 254));
    for (let bit = 0; bit < this.size; bit++) {
      const { row, column } = this.cell(bit);
      const known = this.harm && this.harm[bit] !== UNKNOWN;
      const colour = known ? shades[this.harm[bit]] : plain[this.wasSet(bit) ^ (this.flipped.has(bit) ? 1 : 0)];
      pixels.data.set([...colour, 255], 4 * (row * this.columns + column));
    }
    pen.putImageData(pixels, 0, 0);
    return picture;
  }
}
