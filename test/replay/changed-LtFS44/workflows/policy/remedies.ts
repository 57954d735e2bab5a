/**
 * The call or command with which a person does what the run could not. Pure. The paths are those of the cloud's API.
 */
import { TO_FILL_IN } from '../../contract/placeholders';
import type { ResultDocument } from '../../contract/types';

type Place = Pick<ResultDocument, 'projectId' | 'serverId'>;

export function attachCall({ projectId, serverId }: Place, portId: string): string {
  return `ECS: POST /v1/${projectId ?? '<project>'}/cloudservers/${serverId}/nics {"nics":[{"port_id":"${portId}"}]}`;
}

export function flagCall({ projectId, serverId }: Place, portId: string, value: boolean): string {
  const body = `{"interface_attachment":{"delete_on_termination":${value}}}`;
  return `ECS: PUT /v1/${projectId ?? '<project>'}/cloudservers/${serverId}/os-interface/${portId} ${body}`;
}

export function deletePortCall({ projectId }: Place, portId: string): string {
  return `VPC: DELETE /v1/${projectId ?? '<project>'}/ports/${portId}`;
}

export function restoreCommand({ serverId }: Place, id: string, ...more: string[]): string {
  const byWhom = ['--by', TO_FILL_IN.who, '--reason', TO_FILL_IN.why];
  return ['ecs-nics restore', serverId, '--nic', id, ...more, ...byWhom].join(' ');
}
