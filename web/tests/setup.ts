import '@testing-library/jest-dom/vitest';
import { configure } from '@testing-library/dom';

// A busy machine of two cores is slow, not wrong.
configure({ asyncUtilTimeout: 10_000 });

// jsdom shows no dialogs by itself.
if (typeof HTMLDialogElement !== 'undefined') {
  HTMLDialogElement.prototype.showModal = function showModal() {
    this.open = true;
  };
}
