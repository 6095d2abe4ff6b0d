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

export class ApiProblem extends ApiError {
  override name = 'ApiProblem';
  readonly status: number;
  readonly title: string | undefined;
  readonly detail: string | undefined;

  constructor(status: number, title?: string, detail?: string) {
    super(`HTTP ${status}${title ? `: ${title}` : ''}`);
    this.status = status;
    this.title = title;
    this.detail = detail;
  }
}

export class ApiMalformed extends ApiError {
  override name = 'ApiMalformed';
}
