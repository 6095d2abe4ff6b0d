/** Accessible building blocks without knowledge of calls. */
export { Button } from './Button';
export { SelectField, TextField } from './Field';
export { Icon, type IconName } from './Icon';
export { Meter } from './Meter';
export { Notice } from './Notice';
export { Switch } from './Switch';
