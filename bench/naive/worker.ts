/** The naive worker as a process: default options, prebuilt bundle. */
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createCloud } from '../../src/ecs/client';
import { systemClock } from '../../src/ecs/clock';
import { accessKeys } from '../../src/ecs/credentials';
import { RateLimiter } from '../../src/ecs/limiter';
import { undiciTransport } from '../../src/ecs/transport';
import { createNaiveActivities } from './activities';
import { NAIVE_BUNDLE } from './bundle';

async function main(): Promise<void> {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const rps = Number(needed('ECS_NICS_CLOUD_RPS'));
  const cloud = createCloud({
    projectId: needed('HUAWEICLOUD_SDK_PROJECT_ID'),
    region: needed('HUAWEICLOUD_SDK_REGION_ID'),
    endpoints: { ecs: needed('HUAWEICLOUD_ECS_ENDPOINT'), vpc: needed('HUAWEICLOUD_VPC_ENDPOINT') },
    credentials: accessKeys({ ak: needed('HUAWEICLOUD_SDK_AK'), sk: needed('HUAWEICLOUD_SDK_SK') }),
    transport: undiciTransport(),
    limiter: new RateLimiter(rps, rps, systemClock),
    clock: systemClock,
    userAgent: 'naive',
  });
  const worker = await Worker.create({
    connection: await NativeConnection.connect(connectionOptions),
    namespace,
    taskQueue: needed('ECS_NICS_TASK_QUEUE'),
    workflowBundle: { codePath: NAIVE_BUNDLE },
    activities: createNaiveActivities(cloud),
  });
  await worker.run();
}

function needed(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is missing`);
  return value;
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
