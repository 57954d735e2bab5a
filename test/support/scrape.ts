/** Reading a Prometheus endpoint as Prometheus does. */
import { expect } from 'vitest';
import type { Address } from '../../src/worker/addresses';
import { formatAddress } from '../../src/worker/addresses';

type Labels = Record<string, string>;

export interface Scrape {
  text: string;
  /** Names of all series. */
  names: Set<string>;
  /** The sum over all series of that name which have these labels; `undefined`: there is none. */
  value(name: string, labels?: Labels): number | undefined;
  /** Bounds of a histogram's buckets. */
  bounds(name: string): number[];
}

export async function scrape(address: Address): Promise<Scrape> {
  const answer = await fetch(`http://${formatAddress(address)}/metrics`);
  expect(answer.status).toBe(200);
  const text = await answer.text();
  const samples = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(sampleOf);
  // Prometheus takes only one of two samples of one series, whichever comes first.
  const series = samples.map(
    ({ name, labels }) => `${name} ${JSON.stringify(Object.entries(labels).sort())}`,
  );
  expect(series).toEqual([...new Set(series)]);
  const matching = (name: string, labels: Labels) =>
    samples.filter(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    );
  return {
    text,
    names: new Set(samples.map(({ name }) => name)),
    value: (name, labels = {}) => {
      const found = matching(name, labels);
      return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
    },
    bounds: (name) => [...new Set(matching(`${name}_bucket`, {}).map(({ labels }) => Number(labels.le)))],
  };
}

function sampleOf(line: string): { name: string; labels: Labels; value: number } {
  const match = /^([a-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/i.exec(line);
  if (match === null) throw new Error(`not a sample: ${line}`);
  const labels = [...(match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map((pair) => [
    pair[1],
    pair[2],
  ]);
  return { name: match[1]!, labels: Object.fromEntries(labels) as Labels, value: Number(match[3]) };
}
