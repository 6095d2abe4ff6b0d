/**
 * What can go wrong with a request to the control API.
 *
 *   ApiError
 *   ├── ApiUnreachable   no answer: the API is away, the network dropped, or it took too long
 *   ├── ApiProblem       an answer with an error status, as RFC 9457 problem details where given
 *   └── ApiMalformed     an answer that is not what the contract says
 */
export class ApiError extends Error {
  override name = 'ApiError';
}

export class ApiUnreachable extends ApiError {
  override name = 'ApiUnreachable';
}

/** A field of the request that was not acceptable. */
export interface FieldProblem {
  /** JSON Pointer into the body, such as `/allowed_addresses/0`. */
  pointer: string;
  detail: string;
}

export class ApiProblem extends ApiError {
  override name = 'ApiProblem';
  readonly status: number;
  readonly title: string | undefined;
  readonly detail: string | undefined;
  readonly fields: readonly FieldProblem[];

  constructor(
    status: number,
    title?: string,
    detail?: string,
    fields: readonly FieldProblem[] = [],
  ) {
    super(`HTTP ${status}${title ? `: ${title}` : ''}`);
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.fields = fields;
  }
}

export class ApiMalformed extends ApiError {
  override name = 'ApiMalformed';
}
