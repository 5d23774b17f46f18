// Package browsertest opens the live page of a real campaign in a real browser: 'racewindow soak --listen' in a process of its own,
// and Chromium, driven by chromedp. It is a module of its own, so that nobody who uses racewindow needs a browser's driver.
//
//	cd harness/soak/browsertest && RACEWINDOW_REQUIRE_BROWSER=1 go test ./...
//
// With RACEWINDOW_SCREENSHOTS=DIR it leaves pictures of the page there, for people to look at.
package browsertest
