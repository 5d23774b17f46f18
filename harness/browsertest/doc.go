// Package browsertest opens the pages that racewindow makes in a real browser, Chromium, driven by chromedp: those of reports, and the
// live page of a campaign, 'racewindow soak --listen' in a process of its own. It is a module of its own, so that nobody who uses
// racewindow needs a browser's driver.
//
//	cd harness/browsertest && RACEWINDOW_REQUIRE_BROWSER=1 go test ./...
//
// With RACEWINDOW_SCREENSHOTS=DIR it leaves pictures of the pages there, for people to look at.
package browsertest
