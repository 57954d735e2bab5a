export function createEmptyActivities() {
  return { nothing: async (): Promise<null> => null };
}

export type EmptyActivities = ReturnType<typeof createEmptyActivities>;
