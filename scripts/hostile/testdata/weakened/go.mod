module example.com/weakened

go 1.26
