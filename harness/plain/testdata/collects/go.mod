module example.com/collects

go 1.25
