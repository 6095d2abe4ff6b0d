import type { ButtonHTMLAttributes } from 'react';

type Look = 'primary' | 'quiet' | 'danger';

const LOOKS: Record<Look, string> = {
  primary: 'bg-accent text-on-accent hover:bg-accent-strong',
  quiet: 'border border-line bg-surface text-ink hover:bg-raised',
  danger: 'bg-danger text-on-danger hover:brightness-110',
};

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  /** Only the icon is seen; `aria-label` is read. */
  iconOnly?: boolean;
}

/** A button of at least 44 px, the size of a fingertip. */
export function Button({ look = 'quiet', iconOnly = false, className = '', ...rest }: Props) {
  return <button type="button" className={buttonLook(look, className, iconOnly)} {...rest} />;
}

/** The look of a button, for links that are one. */
export function buttonLook(look: Look, className = '', iconOnly = false): string {
  // Only where the caller says nothing of its own: two utilities of one kind do not add up.
  const size = `${/\bmin-h-/.test(className) ? '' : 'min-h-11'} ${/\bpx-/.test(className) ? '' : 'px-4'}`;
  const shape = iconOnly ? 'size-11 rounded-xl' : `rounded-xl ${size}`;
  return `inline-flex items-center justify-center gap-2 font-medium transition-colors disabled:opacity-60 [&_svg]:shrink-0 ${shape} ${LOOKS[look]} ${className}`;
}
