/* SPDX-License-Identifier: MIT */
/* "Notify me", where the browser can; why it did not work stands beside it. */

import { useEffect, useState } from "preact/hooks";
import { isOn, isPossible, turnOff, turnOn } from "./subscribe.ts";

export function PushSwitch() {
	const [on, setOn] = useState(false);
	const [busy, setBusy] = useState(true);
	const [failure, setFailure] = useState("");
	const look = () => isOn().then(setOn).finally(() => setBusy(false));
	const turn = async (to: boolean) => {
		setBusy(true);
		setFailure("");
		await (to ? turnOn() : turnOff()).catch((err: unknown) =>
		    setFailure(err instanceof Error ? err.message : `${err}`));
		await look();
	};

	useEffect(() => void look(), []);
	if (!isPossible())
		return null;
	return (
		<>
			<label class="check">
				<input type="checkbox" checked={on} disabled={busy}
				    onChange={(ev) => void turn(
				        ev.currentTarget.checked)} />
				Notify me
			</label>
			{failure !== "" && <p role="alert">{failure}</p>}
		</>
	);
}
