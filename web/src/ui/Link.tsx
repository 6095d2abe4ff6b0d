import type { AnchorHTMLAttributes } from 'react';
import { goTo } from '../route';

interface Props extends AnchorHTMLAttributes<HTMLAnchorElement> {
  href: string;
}

/** A link to another view; it keeps what the page has in memory. */
export function Link({ href, children, ...rest }: Props) {
  return (
    <a
      href={href}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        goTo(href);
      }}
      {...rest}
    >
      {children}
    </a>
  );
}
