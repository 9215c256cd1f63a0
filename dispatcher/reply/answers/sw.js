'use strict';
/* Shows what is pushed, and opens the personal link when it is tapped. Keeps nothing. */
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', event => event.waitUntil(self.clients.claim()));

self.addEventListener('push', event => {
	const message = event.data.json();
	event.waitUntil(self.registration.showNotification(message.title, {
		body: message.body,
		lang: message.lang,
		tag: message.tag,
		renotify: true,
		requireInteraction: true,
		data: {url: message.url},
	}));
});

self.addEventListener('notificationclick', event => {
	const url = event.notification.data.url;
	const open = async () => {
		const pages = await self.clients.matchAll({type: 'window'});
		const page = pages.find(one => one.url.split('?')[0] === url.split('?')[0]);
		return page ? page.focus() : self.clients.openWindow(url);
	};
	event.notification.close();
	event.waitUntil(open());
});
