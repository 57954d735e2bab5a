import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changesOf, freeze, readHistories } from '../../dev/frozen-histories';

let folder: string;
let current: string;
let releases: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ecs-nics-'));
  current = join(folder, 'current');
  releases = join(folder, 'releases');
  mkdirSync(current);
  writeFileSync(join(current, 'deleted.json'), '{"events":[1]}\n');
  writeFileSync(join(current, 'chain-2.json'), '{"events":[2]}\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

const frozen = (file = '') => join(releases, '0.1.0', file);

describe('freeze', () => {
  it('copies every history, and nothing of it has changed then', async () => {
    expect(await freeze('0.1.0', current, releases)).toEqual(['chain-2.json', 'deleted.json']);
    expect(await readHistories(frozen())).toEqual(await readHistories(current));
    expect(await changesOf(frozen())).toEqual([]);
    expect(readdirSync(releases)).toEqual(['0.1.0']);
  });

  it('refuses a release that is frozen already, and leaves it as it is', async () => {
    await freeze('0.1.0', current, releases);
    writeFileSync(join(current, 'deleted.json'), '{"events":[3]}\n');
    await expect(freeze('0.1.0', current, releases)).rejects.toThrow(/0\.1\.0 is frozen already/);
    expect((await readHistories(frozen())).get('deleted.json')).toBe('{"events":[1]}\n');
    expect(await changesOf(frozen())).toEqual([]);
  });

  it.each(['', '..', '../current', 'current', '0.1', '0.1.0/x', '-x'])(
    'refuses the name “%s”',
    async (name) => {
      await expect(freeze(name, current, releases)).rejects.toThrow(/named after its release/);
      expect(existsSync(releases)).toBe(false);
    },
  );

  it('refuses an empty set', async () => {
    rmSync(join(current, 'deleted.json'));
    rmSync(join(current, 'chain-2.json'));
    await expect(freeze('0.1.0', current, releases)).rejects.toThrow(/nothing to freeze/);
    expect(existsSync(frozen())).toBe(false);
  });
});

describe('a frozen set that somebody touched', () => {
  it.each<[string, () => void, string]>([
    ['by one space', () => appendFileSync(frozen('deleted.json'), ' '), 'deleted.json was changed'],
    ['a file fewer', () => rmSync(frozen('deleted.json')), 'deleted.json is missing'],
    ['a file more', () => writeFileSync(frozen('new.json'), '{}'), 'new.json was added'],
    ['without its sums', () => rmSync(frozen('SHA256SUMS')), 'SHA256SUMS is missing'],
  ])('%s is noticed', async (_name, touch, expected) => {
    await freeze('0.1.0', current, releases);
    touch();
    expect(await changesOf(frozen())).toEqual([expected]);
  });
});
