import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { NAMES, readOptions, UsageError } from '../../bench/options';

it('measures everything unless told otherwise', () => {
  expect(readOptions([])).toEqual({ only: NAMES, runs: null, rounds: null, quick: false, json: null });
});

it('takes single measurements in their usual order, numbers and a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ecs-nics-bench-'));
  const json = join(folder, 'new.json');
  expect(
    readOptions(['--only', 'memory', '--only=cost', '--runs', '20', '--rounds=3', '--json', json]),
  ).toEqual({
    only: ['cost', 'memory'],
    runs: 20,
    rounds: 3,
    quick: false,
    json,
  });
  rmSync(folder, { recursive: true });
});

it('leaves out of the quick one what takes more than a minute, unless that is asked for', () => {
  expect(readOptions(['--quick'])?.only).toEqual(['cost', 'restart', 'memory']);
  expect(readOptions(['--quick', '--only', 'in-flight'])?.only).toEqual(['in-flight']);
  expect(readOptions(['--quick', '--only', 'calls'])?.only).toEqual(['calls']);
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
