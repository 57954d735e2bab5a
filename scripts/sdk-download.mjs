// Child process of dev/temporal-download.ts: has the SDK download a Temporal CLI into a folder. A process of its own,
// since the download can't be cancelled in-process and loading the native library takes a second.
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [version, downloadDir] = process.argv.slice(2);
const server = { executable: { type: 'cached-download', version, downloadDir } };
// There is no call that only downloads: a server is started from the file, and stopped.
const environment = await TestWorkflowEnvironment.createLocal({ server }).catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
await environment.teardown();
