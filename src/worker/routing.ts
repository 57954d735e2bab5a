/** With worker versioning: does the server send new runs to this worker's build? */
import type { Config } from './config';
import type { Temporal } from '../client/connect';
import { GRPC, grpcCode } from '../client/grpc';

const ASK_MS = 5_000;

type Deployment = NonNullable<Config['deployment']>;

export interface Routing {
  current: boolean;
  /** Includes the remedy when this build is not the current one. */
  text: string;
}

/** Throws gRPC errors, except for a deployment that the server does not know yet. */
export async function routingOf(
  { client, namespace, call }: Temporal,
  { deploymentName, buildId }: Deployment,
): Promise<Routing> {
  const remedy =
    `temporal worker deployment set-current-version --namespace ${namespace} ` +
    `--deployment-name ${deploymentName} --build-id ${buildId}`;
  const nothing = `build ${buildId} of ${deploymentName} gets no new runs`;
  try {
    const { workerDeploymentInfo: info } = await call(ASK_MS, () =>
      client.workflowService.describeWorkerDeployment({ namespace, deploymentName }),
    );
    const current = info?.routingConfig?.currentDeploymentVersion?.buildId;
    if (current === buildId) {
      return { current: true, text: `build ${buildId} of ${deploymentName} gets new runs` };
    }
    // An older server, or unversioned workers, report no version there.
    return current
      ? { current: false, text: `${nothing}: build ${current} is current. To change that: ${remedy}` }
      : { current: false, text: `${nothing}: no build is current. To make it the current one: ${remedy}` };
  } catch (error) {
    if (grpcCode(error) !== GRPC.notFound) throw error;
    return { current: false, text: `${nothing}: no worker of it has polled yet. Once one has: ${remedy}` };
  }
}
