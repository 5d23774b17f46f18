module example.com/selects

go 1.25
