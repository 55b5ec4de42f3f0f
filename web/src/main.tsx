/* SPDX-License-Identifier: MIT */
/*
 * Starts the page. The sign-in code is taken out of the address bar before
 * anything is drawn.
 */

import { render } from "preact";
import { Store } from "./store.ts";
import { App } from "./ui/app.tsx";

const store = new Store();

void store.start();
render(<App store={store} />, document.getElementById("app")!);
