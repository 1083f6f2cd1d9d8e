"""A good registry.yaml of two tenants: tests of the file and of its differences change parts of it."""

GOOD = """\
clusters:
  - {name: practice, environment: production, console: "https://console.example.com/mesh", description: The big one}
  - {name: lab, environment: sandbox}
tenants:
  - name: emojis
    title: The emojis
    namespaces:
      - {cluster: practice, name: emojivoto}
      - {cluster: practice, name: emojivoto-trial, environment: staging}
    members: [member]
    owners: [owner]
    security_partners: [partner, second_partner]
  - name: books
    namespaces: [{cluster: lab, name: emojivoto}]
    owners: [owner]
    security_partners: [partner]
people:
  - {name: member, title: A member, email: member@example.com}
  - {name: owner}
  - {name: partner}
  - {name: second_partner}
  - {name: operator}
operators: [operator]
auditors: []
"""
