// Child process of dev/temporal-download.ts: has the SDK download a Temporal CLI into a folder, and not execute it, since its hash is not
// verified yet. A process of its own, since the download can't be cancelled in-process and loading the native library takes a second.
import { readdirSync } from 'node:fs';
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [version, downloadDir] = process.argv.slice(2);
// There is no call that only downloads: a server is started from the file. The SDK creates that with the permission to execute it less the
// umask; so the start fails, and the file is there.
process.umask(0o177);
const server = { executable: { type: 'cached-download', version, downloadDir } };
const failure = await TestWorkflowEnvironment.createLocal({ server }).then(
  async (environment) => {
    await environment.teardown();
    return new Error('the SDK executed what it had downloaded, before it was verified');
  },
  (error) => (readdirSync(downloadDir).includes(`temporal-${version}`) ? null : error),
);
if (failure !== null) process.stderr.write(`${failure.message}\n`);
process.exit(failure === null ? 0 : 1);
