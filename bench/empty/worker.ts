/** The worker of empty workflows as a process: default options. It bundles at boot, before anything is measured. */
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createEmptyActivities } from './activities';

async function main(): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('WARN') });
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const taskQueue = process.env.ECS_NICS_TASK_QUEUE;
  if (!taskQueue) throw new Error('ECS_NICS_TASK_QUEUE is missing');
  const worker = await Worker.create({
    connection: await NativeConnection.connect(connectionOptions),
    namespace,
    taskQueue,
    workflowsPath: require.resolve('./workflows'),
    activities: createEmptyActivities(),
  });
  await worker.run();
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
