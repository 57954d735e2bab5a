/** A campaign is worth something: it catches bugs. Each planted one is caught by its seed, and by nothing without it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../dev/root';
import type { Planted } from './planting';
import { planted } from './planting';
import type { Plant } from './plants';
import type { Sandbox } from './replica';
import type { World } from './world';
import { worldMaker } from './world';

/** `PLANTS=5000` looks for the first seed up to that number which catches each. */
const SEARCH = process.env.PLANTS === undefined ? undefined : Number(process.env.PLANTS);

/** Why that seed fails with these workflows; `null`: it does not. */
type Play = (seed: number, world: World, from: Sandbox) => Promise<string | null>;

/** @param heading of the section of docs/testing.md that lists them */
export function checkPlants(plants: readonly Plant[], heading: string, play: Play): void {
  let copy: Planted;
  beforeAll(async () => {
    copy = await planted(plants);
  });
  afterAll(() => copy?.remove());

  function check(): void {
    it('stand in docs/testing.md, each with its seed', () => {
      const page = readFileSync(join(root, 'docs/testing.md'), 'utf8');
      const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
      const rows = section.match(/^\| .+ \| `src\/.+` \| \d+ \|$/gm);
      expect(rows).toEqual(plants.map(({ name, file, seed }) => `| ${name} | \`src/${file}\` | ${seed} |`));
    });

    it(
      'copied and not switched on, nothing is caught by any of those seeds',
      { timeout: 60_000 },
      async () => {
        const nextWorld = worldMaker(copy.product);
        const none = await copy.switchOn(null);
        for (const seed of new Set(plants.map((plant) => plant.seed)))
          expect(await play(seed, nextWorld(), none), `seed ${seed}`).toBeNull();
      },
    );

    it.each(plants)('“$name” is caught by seed $seed', async (plant) => {
      const sandbox = await copy.switchOn(plant);
      expect(await play(plant.seed, worldMaker(copy.product)(), sandbox)).not.toBeNull();
    });
  }

  function search(upTo: number): void {
    it.each(plants)('“$name”', { timeout: 3_600_000 }, async (plant) => {
      const nextWorld = worldMaker(copy.product);
      const sandbox = await copy.switchOn(plant);
      for (let seed = 1; seed <= upTo; seed++) {
        const why = await play(seed, nextWorld(), sandbox);
        if (why === null) continue;
        console.log(`${plant.name} | ${seed} | ${why.split('\n')[0]}`);
        return;
      }
      expect.fail(`not caught by any of ${upTo} seeds`);
    });
  }

  describe('planted bugs', () => (SEARCH === undefined ? check() : search(SEARCH)));
}
