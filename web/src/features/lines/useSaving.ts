import { useState, type SyntheticEvent } from 'react';
import { useAccess } from '../access/store';

/** Saves what a form holds with the operator's key; what fails stays in the form. */
export function useSaving(save: (key: string) => Promise<unknown>, onDone: () => void) {
  const key = useAccess((access) => access.key);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<unknown>();

  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    setBusy(true);
    setTrouble(undefined);
    try {
      await save(key);
      onDone();
    } catch (error) {
      setTrouble(error);
      setBusy(false);
    }
  };
  return { busy, trouble, submit };
}
