module example.com/g

go 1.26

require github.com/pingcap/failpoint v0.0.0-20260406204437-bbc9d102c19e

require github.com/pingcap/errors v0.11.4 // indirect
