import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cellName, cellsOf } from '../../bench/measures/scale/cells';
import { NAMES, readOptions, UsageError } from '../../bench/options';

const USUAL = {
  ...{ runs: null, rounds: null, quick: false, json: null, plot: null },
  cells: { servers: null, rates: null, kinds: null },
};

it('measures everything unless told otherwise', () => {
  // But the hour of the soak, which is asked for by its name.
  expect(readOptions([])).toEqual({ only: NAMES.filter((name) => name !== 'soak'), ...USUAL });
  expect(readOptions(['--only', 'soak'])?.only).toEqual(['soak']);
});

it('takes single measurements in their usual order, numbers and a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ecs-nics-bench-'));
  const json = join(folder, 'new.json');
  expect(
    readOptions(['--only', 'memory', '--only=cost', '--runs', '20', '--rounds=3', '--json', json]),
  ).toEqual({ ...USUAL, only: ['cost', 'memory'], runs: 20, rounds: 3, json });
  rmSync(folder, { recursive: true });
});

it('leaves out of the quick one what takes more than a minute, unless that is asked for', () => {
  expect(readOptions(['--quick'])?.only).toEqual(['cost', 'restart', 'memory']);
  expect(readOptions(['--quick', '--only', 'in-flight'])?.only).toEqual(['in-flight']);
  expect(readOptions(['--quick', '--only', 'calls'])?.only).toEqual(['calls']);
});

it('takes sizes, rates and kinds of the decommission runs of growing size', () => {
  const args = ['--only=scale', '--servers', '1000,100', '--rates', '50, none', '--kinds=exact'];
  expect(readOptions(args)?.cells).toEqual({ servers: [1000, 100], rates: [50, null], kinds: ['exact'] });
  for (const [name, value] of [
    ['servers', '0'],
    ['servers', '10,'],
    ['rates', 'all'],
    ['rates', '1001'],
    ['kinds', 'quick'],
  ] as const)
    expect(() => readOptions([`--${name}=${value}`])).toThrow(`--${name} must be`);
});

it('measures each size with each kind and rate, small ones first', () => {
  const cells = cellsOf({ servers: [1_000, 100], rates: [50, null], kinds: ['plain'] }, false);
  expect(cells.map(cellName)).toEqual([
    ...['100 plain, 50 calls/s', '100 plain, no quota', '1,000 plain, 50 calls/s', '1,000 plain, no quota'],
  ]);
  expect(cellsOf(USUAL.cells, false).every(({ servers }) => servers <= 1_000)).toBe(true);
  expect(cellsOf(USUAL.cells, true).every(({ servers }) => servers <= 16)).toBe(true);
});

it('gives help instead of anything else', () => {
  expect(readOptions(['--help', '--quick'])).toBeNull();
});

it('names every problem of a command line at once', () => {
  const args = ['--only', 'speed', '--runs', '0', '--rounds', '1e2', '--json', '/no/such/folder/file.json'];
  const read = () => readOptions(args);
  expect(read).toThrow(UsageError);
  for (const text of [
    /"speed" is no measurement; there are cost/,
    /--runs .*"0"/,
    /--rounds .*"1e2"/,
    /--json/,
  ]) {
    expect(read).toThrow(text);
  }
});

it.each([['--fast'], ['everything'], ['--runs']])('refuses %s', (arg) => {
  expect(() => readOptions([arg])).toThrow(UsageError);
});

it('does not take a folder for a file', () => {
  expect(() => readOptions(['--json', tmpdir()])).toThrow('is a folder');
});
