// An old version of the language: GODEBUG has asynctimerchan=1 by default.
module example.com/clock

go 1.22

require example.com/dep v0.0.0

replace example.com/dep => ./dep
