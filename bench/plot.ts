/** Pictures of what was measured: panels with linear axes from nought. SVG, by our own few lines: a library would be the largest part of the bench. */
import { figure } from './figures';

export interface Line {
  name: string;
  points: readonly (readonly [x: number, y: number])[];
}

export interface Panel {
  title: string;
  /** Below the right end of the x axis. */
  xLabel: string;
  /** At the same place in `lines` of all panels is what the key calls by its name. */
  lines: readonly Line[];
  /** Few points are worth a dot each. */
  dots: boolean;
}

const PANEL = { width: 300, height: 220, left: 62, bottom: 34, top: 26, right: 14 };
const COLUMNS = 3;
const COLOURS = ['#1b6ca8', '#c8553d', '#3c8c5a', '#7a4fa3', '#a07d1a', '#555555'];
const innerWidth = PANEL.width - PANEL.left - PANEL.right;
const innerHeight = PANEL.height - PANEL.top - PANEL.bottom;

/** @param key names of the lines; none where each panel has but one, whose title says it all */
export function plot(panels: readonly Panel[], key: readonly string[] = []): string {
  const rows = Math.ceil((panels.length + (key.length > 0 ? 1 : 0)) / COLUMNS);
  const [width, height] = [COLUMNS * PANEL.width, rows * PANEL.height];
  // The last field of the grid is free where there is a key.
  const [keyX, keyY] = [(COLUMNS - 1) * PANEL.width + PANEL.left, (rows - 1) * PANEL.height + PANEL.top];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...panels.map(drawn),
    ...key.map((name, n) => {
      const y = keyY + 18 * (n + 1);
      return `<circle cx="${keyX}" cy="${y - 4}" r="4" fill="${colourOf(n)}"/><text x="${keyX + 10}" y="${y}">${name}</text>`;
    }),
    '</svg>',
    '',
  ].join('\n');
}

function drawn({ title, xLabel, lines, dots }: Panel, index: number): string {
  const most = (axis: 0 | 1) =>
    lines.reduce((max, { points }) => points.reduce((so, point) => Math.max(so, point[axis]), max), 1e-9);
  const [mostX, mostY] = [most(0), most(1)];
  const [right, bottom] = [PANEL.left + innerWidth, PANEL.top + innerHeight];
  const [column, row] = [index % COLUMNS, Math.floor(index / COLUMNS)];
  const paths = lines.map(({ points }, n) => {
    const at = points.map(([x, y]) => {
      const [px, py] = [PANEL.left + (x / mostX) * innerWidth, PANEL.top + (1 - y / mostY) * innerHeight];
      return [px.toFixed(1), py.toFixed(1)] as const;
    });
    const marks = dots ? at.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="3" fill="${colourOf(n)}"/>`) : [];
    return `<polyline points="${at.map((pair) => pair.join(',')).join(' ')}" fill="none" stroke="${colourOf(n)}"/>${marks.join('')}`;
  });
  return [
    `<g transform="translate(${column * PANEL.width},${row * PANEL.height})">`,
    `<text x="${PANEL.left}" y="16" font-weight="bold">${title}</text>`,
    `<path d="M${PANEL.left},${PANEL.top}V${bottom}H${right}" fill="none" stroke="#888"/>`,
    `<text x="${PANEL.left - 5}" y="${PANEL.top + 4}" text-anchor="end">${figure(mostY)}</text>`,
    `<text x="${PANEL.left - 5}" y="${bottom}" text-anchor="end">0</text>`,
    `<text x="${right}" y="${bottom + 15}" text-anchor="end">${xLabel}</text>`,
    ...paths,
    '</g>',
  ].join('\n');
}

function colourOf(n: number): string {
  return COLOURS[n % COLOURS.length] ?? '#000';
}
