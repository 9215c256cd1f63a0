'use strict';
/* Offers notifications on this phone. The page works without: whatever is missing here leaves it as it is. */
(() => {
	const offer = document.getElementById('push');
	if (!offer || !('serviceWorker' in navigator) || !('PushManager' in window) ||
	    !('Notification' in window) || Notification.permission === 'denied')
		return;
	const button = offer.querySelector('button');
	const key = offer.dataset.key;

	/* A subscription that was made with another key of ours is of no use any more. */
	const subscribe = async manager => {
		const wanted = {userVisibleOnly: true, applicationServerKey: key};
		try {
			return await manager.subscribe(wanted);
		} catch (error) {
			const old = await manager.getSubscription();
			if (!old)
				throw error;
			await old.unsubscribe();
			return manager.subscribe(wanted);
		}
	};

	const turnOn = async () => {
		if (await Notification.requestPermission() !== 'granted')
			throw new Error('not allowed');
		await navigator.serviceWorker.register('../sw.js');
		const registration = await navigator.serviceWorker.ready;
		const subscription = await subscribe(registration.pushManager);
		const answer = await fetch(location.pathname + '/device', {
			method: 'POST',
			headers: {'Content-Type': 'application/json'},
			body: JSON.stringify(subscription),
		});
		if (!answer.ok)
			throw new Error('status ' + answer.status);
	};

	button.addEventListener('click', async () => {
		const said = offer.querySelector('[role=status]');
		button.disabled = true;
		try {
			await turnOn();
			button.remove();
			said.textContent = offer.dataset.done;
		} catch (error) {
			button.disabled = false;
			said.textContent = offer.dataset.failed;
		}
	});
	offer.hidden = false;
})();
