// What the policy of the page is there to refuse.
globalThis.page = new Promise((resolve) => {
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- it is to be refused
    resolve(new Function('return "allowed"')());
  } catch (error) {
    resolve(error.name);
  }
});
