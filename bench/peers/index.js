// What is installed here can be imported from here only: node_modules of this folder is on nobody else's way up.

/** @param {string} name */
export const peer = name => import(name)
