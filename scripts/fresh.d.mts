export interface Lock {
  packages?: Record<string, PackageEntry>;
}
export interface PackageEntry {
  version?: string;
  integrity?: string;
  link?: boolean;
  dev?: boolean;
  optional?: boolean;
  devOptional?: boolean;
}
export function nodeProblem(version: string, range: string): string | undefined;
export function installProblem(
  lock: Lock,
  installed: Lock | undefined,
  options: { development: boolean },
): string | undefined;
export function hashOf(root: string, paths: string[], accept?: (file: string) => boolean): string;
export function filesUnder(root: string, paths: string[]): string[];
