import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { expect, it } from 'vitest';
import { accepts, freePort } from '../../dev/ports';
import { root } from '../../dev/root';
import { startTemporal } from '../../dev/temporal-server';

const quiet = () => {};
// These tests start servers of their own, also when the others are to use one that runs.
const env = { ...process.env, TEMPORAL_ADDRESS: undefined };
const [host, portOf] = ['127.0.0.1', (address: string) => Number(address.split(':')[1])];

it('starts a server that has our search attributes, and ends it', async () => {
  const temporal = await startTemporal({ env, log: quiet });
  const { address, namespace } = temporal;
  expect(loadClientConnectConfig({ overrideEnvVars: temporal.env })).toMatchObject({
    connectionOptions: { address },
    namespace,
  });
  expect(await accepts(host, portOf(address))).toBe(true);
  await temporal.close();
  expect(await accepts(host, portOf(address))).toBe(false);
});

it('takes other ports when the wanted ones are not free', async () => {
  const blocker = createServer().listen(0, host);
  await once(blocker, 'listening');
  const { port } = blocker.address() as AddressInfo;
  const temporal = await startTemporal({ env, port, uiPort: port, log: quiet });
  expect(portOf(temporal.address)).not.toBe(port);
  expect(temporal.uiUrl).not.toContain(`:${port}`);
  await temporal.close();
  blocker.close();
});

it('uses a running server, passes on how to reach it, and no profile', async () => {
  const owner = await startTemporal({ env, log: quiet });
  const temporal = await startTemporal({
    env: {
      TEMPORAL_ADDRESS: owner.address,
      TEMPORAL_NAMESPACE: 'other',
      TEMPORAL_API_KEY: 'key',
      TEMPORAL_PROFILE: 'production',
      TEMPORAL_CONFIG_FILE: '/etc/production.toml',
      TEMPORAL_DEPLOYMENT_NAME: 'production',
    },
    log: quiet,
  });
  expect(temporal).toMatchObject({ address: owner.address, namespace: 'other', pid: undefined });
  expect(Object.keys(temporal.env).sort()).toEqual(
    ['TEMPORAL_ADDRESS', 'TEMPORAL_API_KEY', 'TEMPORAL_CONFIG_FILE', 'TEMPORAL_NAMESPACE'].sort(),
  );
  expect(temporal.env.TEMPORAL_CONFIG_FILE).not.toBe('/etc/production.toml');
  await temporal.close();
  expect(await accepts(host, portOf(owner.address))).toBe(true);
  await owner.close();
});

it('says so when nothing answers at TEMPORAL_ADDRESS', async () => {
  const address = `${host}:${await freePort()}`;
  await expect(startTemporal({ env: { TEMPORAL_ADDRESS: address } })).rejects.toThrow(
    `TEMPORAL_ADDRESS=${address}: nothing accepts connections there.`,
  );
});

it('shows what the program said when it does not start', async () => {
  await expect(startTemporal({ env, extraArgs: ['--no-such-flag'], log: quiet })).rejects.toThrow(
    /no-such-flag/,
  );
});

it.skipIf(process.platform === 'win32')('leaves no server behind when we are killed outright', async () => {
  const script = `
    const { startTemporal } = require(${JSON.stringify(join(root, 'lib/dev/temporal-server.js'))});
    startTemporal({ env: { ...process.env, TEMPORAL_ADDRESS: undefined } }).then((it) => console.log(it.address));
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const port = portOf(line.toString().trim());
  expect(await accepts(host, port)).toBe(true);
  parent.kill('SIGKILL');
  for (let i = 0; i < 50 && (await accepts(host, port)); i++) await sleep(100);
  expect(await accepts(host, port)).toBe(false);
});
