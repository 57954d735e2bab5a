/** A copy of the sources with all plants in it, each behind a switch: so one bundle serves them all. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../dev/root';
import type { Plant } from './plant';
import type { Product } from '../engine/product';
import type { Sandbox } from '../engine/replica';
import { bundle, openSandbox } from '../engine/replica';

export interface Planted {
  product: Product;
  /** Workflows with that plant switched on, or with none; the activities follow the last call. */
  switchOn: (plant: Plant | null) => Promise<Sandbox>;
  remove: () => void;
}

export async function planted(plants: readonly Plant[]): Promise<Planted> {
  // Beside the compiled code: there the packages are found, and nothing looks for sources.
  mkdirSync(join(root, 'lib'), { recursive: true });
  const copy = mkdtempSync(join(root, 'lib', 'plants-'));
  cpSync(join(root, 'src'), join(copy, 'src'), { recursive: true });
  cpSync(join(root, 'package.json'), join(copy, 'package.json'));
  const src = join(copy, 'src');
  for (const plant of plants)
    for (const change of [plant, ...(plant.also ?? [])]) patch(src, plant.name, change);
  const parts = await Promise.all([
    import(join(src, 'activities', 'index.ts')),
    import(join(src, 'ecs', 'client.ts')),
    import(join(src, 'ecs', 'limiter.ts')),
    import(join(src, 'ecs', 'sets', 'index.ts')),
    import(join(src, 'ecs', 'transport.ts')),
    import(join(src, 'worker', 'temporal', 'namespace.ts')),
  ]);
  const code = await bundle(join(src, 'workflows', 'index.ts'));
  return {
    product: Object.assign({}, ...parts) as Product,
    switchOn: async (plant) => {
      const isOn = `globalThis.plantIs = (name) => name === ${JSON.stringify(plant?.name ?? null)};\n`;
      Object.assign(globalThis, { plantIs: (name: string) => name === plant?.name });
      return openSandbox(isOn + code);
    },
    remove: () => rmSync(copy, { recursive: true, force: true }),
  };
}

function patch(src: string, name: string, { file, from, to }: Pick<Plant, 'file' | 'from' | 'to'>): void {
  const path = join(src, file);
  const text = readFileSync(path, 'utf8');
  const times = text.split(from).length - 1;
  if (times !== 1) throw new Error(`“${name}” can't be planted: src/${file} has ${times} times\n${from}`);
  writeFileSync(
    path,
    text.replace(from, () => to.replaceAll('PLANTED', `plantIs(${JSON.stringify(name)})`)),
  );
}
