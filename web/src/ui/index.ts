/** Accessible building blocks without knowledge of calls. */
export { Button, buttonLook } from './Button';
export { Badge, Card, Empty } from './Card';
export { Confirm, Dialog } from './Dialog';
export { SelectField, TextField } from './Field';
export { Icon, type IconName } from './Icon';
export { Link } from './Link';
export { Menu } from './Menu';
export { Meter } from './Meter';
export { Notice } from './Notice';
export { Switch } from './Switch';
