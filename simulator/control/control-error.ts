/** A control call that can't be carried out. */
export class ControlError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** What the builder refuses is the caller's mistake. */
export function attempt<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof Error && error.name === 'Error' && !(error instanceof ControlError)) {
      throw new ControlError(409, error.message);
    }
    throw error;
  }
}
